"""Kill the app in mid-reply, and look what is lost; then let people try what is the others'.

`python -m tests.torture --kills 100 --steps 10000`; with 0 the one or the other is left out.
"""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.torture import isolation
from tests.torture.kills import Torture

SLACK = 0.25  # seconds; what others do on this machine counts as well


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(
        description="Kill the app in mid-reply, and look what is lost; then try what is others'."
    )
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--steps", type=int, default=10_000, help="of people beside each other")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--slack", type=float, default=SLACK, help="seconds allowed for measuring")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        torture = Torture(Path(folder), asked.seed, asked.slack)
        torture.run(asked.kills)
    print(torture.summary())
    isolation.run(asked.steps, asked.seed)
    sys.exit(1 if torture.complaints else 0)


if __name__ == "__main__":
    main(sys.argv[1:])

"""Three people beside each other for long: see tests/isolation."""

import logging
from math import ceil

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from streamlit.logger import set_log_level

from tests.isolation.machine import Isolation

STEPS_OF_A_WORLD = 100


def run(steps: int, seeded: int) -> None:
    """Raises where somebody was told or changed what is another's."""
    if not steps:
        return
    set_log_level(logging.CRITICAL)  # of pages without a browser Streamlit tells much
    while (left := steps - Isolation.steps) > 0:  # not every world plays all of its steps
        run_state_machine_as_test(
            seed(seeded + left)(Isolation),
            settings=settings(
                max_examples=ceil(left / STEPS_OF_A_WORLD),
                stateful_step_count=STEPS_OF_A_WORLD,
                phases=[Phase.generate],
                database=None,
                deadline=None,
                verbosity=Verbosity.normal,
                suppress_health_check=list(HealthCheck),
            ),
        )
    print(f"{Isolation.steps} steps beside each other: nothing of another's was told")

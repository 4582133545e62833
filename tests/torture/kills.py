"""`kill -9` at random moments of replies, and after each a look at what is left of them.

What the model had sent, and when, is known: the scripted model server runs in this process.
"""

import json
import os
import random
import re
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.browser.server import ROOT
from tests.fake_ollama import FakeOllama, tokens

PATIENCE = 120.0  # seconds a life may take before it is taken for dead
RATE = 100  # tokens a second
LONGEST = 150  # tokens of a reply
LOOK_EVERY = 0.01  # seconds
START = 0.8  # seconds, about what the services take to start
MAY_BE_LOST = 0.5  # seconds: text that was sent later before the kill
TAGGED = re.compile(r"-n(\d+)\.(\w+)\]\]")

Found = dict[str, dict[str, Any]]
"""The last answer to each prompt, with its chat, and whether it is the last of that."""


@dataclass
class Asked:
    """A reply under way in one life: what must be left of it in the next."""

    prompt: str
    session: str | None = None
    resume: int | None = None
    before: str = ""
    """Its text at the beginning of this life."""
    following: str | None = None
    """A prompt that is sent meanwhile, to wait for its end."""
    begun: bool = False
    stored: int = 0
    """Characters that could be read from the store."""
    drafted: list[int] = field(default_factory=list)
    """How many characters each draft had that the store was given."""
    sent: list[tuple[float, int]] = field(default_factory=list)
    """At which moments the model server had sent how many tokens."""

    @property
    def tag(self) -> str:
        return TAGGED.search(self.prompt)[2]

    @property
    def surely(self) -> int:
        """Characters that the store must have: a draft is on disk when the second after it is
        made. No clock is asked, so that a busy machine proves nothing."""
        return max(self.stored, *self.drafted[-3:-2], 0)

    @property
    def tokens(self) -> list[str]:
        count, tag = TAGGED.search(self.prompt).groups()
        return tokens(int(count), tag)

    def lost_since(self, body: str) -> float | None:
        """When the oldest text that is not in `body` was sent; None where all of it is there."""
        written = len(body) - len(self.before)
        for moment, count in self.sent:
            if sum(map(len, self.tokens[:count])) > written:
                return moment
        return None


class Life:
    """The process, from its start to its kill."""

    def __init__(self, folder: Path, host: str) -> None:
        self._log = folder / "app.log"
        environ = {"HEARTH_DATABASE": str(folder / "hearth.db"), "OLLAMA_HOST": host}
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.torture.life"],
                cwd=ROOT,
                env=os.environ | environ,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._watchdog = threading.Timer(PATIENCE, self._process.kill)
        self._watchdog.daemon = True
        self._watchdog.start()

    def hear(self) -> dict[str, Any]:
        line = self._process.stdout.readline()
        assert line, f"the app ended:\n{self._log.read_text()}"
        return json.loads(line)

    def do(self, asked: list[Asked]) -> None:
        named = ("prompt", "session", "resume", "following")
        steps = [{name: getattr(a, name) for name in named} for a in asked]
        self._process.stdin.write(json.dumps(steps) + "\n")
        self._process.stdin.flush()

    def kill(self) -> list[str]:
        """Returns the lines that it had told, and nobody heard yet."""
        assert self._process.poll() is None, f"the app ended:\n{self._log.read_text()}"
        self._process.kill()
        left = self._process.communicate()[0].splitlines()
        self._watchdog.cancel()
        return left


class Torture:
    """Lives one after the other on one database, and what is to be said of them."""

    def __init__(self, folder: Path, seed: int, slack: float | None) -> None:
        """slack: seconds that sending, receiving and measuring may take on this machine; None
        where the clock proves nothing."""
        self.complaints: list[str] = []
        self._folder = folder
        self._seed = seed
        self._slack = slack
        self._random = random.Random(seed)
        self.counts = dict.fromkeys(
            ("kills", "starts", "asked", "cut", "continued", "drafts", "waited"), 0
        )
        self._ages: list[float] = []
        self._known: Found = {}
        self._waited: set[str] = set()
        """Every prompt that was kept to wait."""
        self._waiting: dict[str, str] = {}
        self._asked: list[Asked] = []
        self._killed_at = 0.0

    def run(self, kills: int) -> None:
        with FakeOllama() as fake:
            for _ in range(kills):
                if self._random.random() < 0.2:
                    self._kill_at_start(fake)
                self._live(fake, self._random.uniform(0, 1.1 * LONGEST / RATE))
            self._continue(fake)
            self._look(Life(self._folder, fake.host)).kill()

    def summary(self) -> str:
        said = self.counts
        oldest = f"{max(self._ages, default=0):.2f} s old at most"
        median = f"{statistics.median(self._ages or [0]):.2f} s in the middle"
        return "\n".join(
            [
                f"Seed {self._seed}: {said['kills']} kills in mid-reply,"
                f" {said['starts']} at start.",
                f"{said['asked']} prompts sent, {said['cut']} replies cut,"
                f" {said['continued']} continued to their end.",
                f"{said['waited']} prompts kept to wait, {said['drafts']} drafts.",
                f"Text lost of a cut reply: {oldest}, {median}.",
                "The file and its index of words were whole after each kill.",
                *self.complaints,
                f"{len(self.complaints)} complaints.",
            ]
        )

    def _kill_at_start(self, fake: FakeOllama) -> None:
        life = Life(self._folder, fake.host)
        time.sleep(self._random.uniform(0, START))
        life.kill()
        self.counts["starts"] += 1

    def _live(self, fake: FakeOllama, seconds: float) -> None:
        life = self._look(Life(self._folder, fake.host))
        self._asked = self._plan()
        for asked in self._asked:
            fake.timings.pop(asked.tag, None)
        life.do(self._asked)
        self._watch(fake, seconds)
        for line in life.kill():
            self._note(json.loads(line))

    def _look(self, life: Life) -> Life:
        """Judge what the kill left, and begin with nothing asked."""
        told = life.hear()
        found, self._waiting = answers(told["chats"]), told["waiting"]
        for prompt in self._waited - found.keys() - set(self._waiting.values()):
            self.complaints.append(f"{prompt}, which waited, is lost.")
        for asked in self._asked:
            self._judge(asked, found.get(asked.prompt))
            self._known.pop(asked.prompt, None)
        for prompt, reply in self._known.items():
            if found.get(prompt, {}).get("body") != reply["body"]:
                self.complaints.append(f"{prompt} changed after it was judged.")
        self._known, self._asked = found, []
        return life

    def _plan(self) -> list[Asked]:
        """A prompt to an old chat, one to a new chat, and a cut reply that goes on."""
        count = self.counts["asked"]
        chats = [reply for reply in self._known.values() if reply["last"]]
        self._random.shuffle(chats)
        free = [reply for reply in chats if reply["session"] not in self._waiting]
        cut = [reply for reply in chats if reply["state"] == "interrupted"][:1]
        old = [reply["session"] for reply in free if reply not in cut][:1]
        return [
            *(self._again(reply) for reply in cut),
            *(self._new(count + n, session) for n, session in enumerate([None, *old])),
        ]

    def _new(self, n: int, session: str | None) -> Asked:
        count = self._random.randrange(2, LONGEST)
        following = f"[[t{RATE}-n{count}.w{n}]]" if self._random.random() < 0.5 else None
        return Asked(f"[[t{RATE}-n{count}.n{n}]]", session, following=following)

    def _again(self, reply: dict[str, Any]) -> Asked:
        return Asked(reply["prompt"], resume=reply["id"], before=reply["body"])

    def _watch(self, fake: FakeOllama, seconds: float) -> None:
        """Note what is sent, until it is time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for asked in self._asked:
                if timing := fake.timings.get(asked.tag):
                    asked.sent.append((time.monotonic(), timing.sent))
            time.sleep(LOOK_EVERY)
        self._killed_at = time.monotonic()
        self.counts["kills"] += 1

    def _note(self, said: dict[str, Any]) -> None:
        """What the app has acknowledged: a prompt, or text in the store."""
        asked = {a.prompt: a for a in self._asked}
        if "begun" in said:
            asked[said["begun"]].begun = True
            self.counts["asked"] += asked[said["begun"]].resume is None
        elif "waits" in said:
            self._waited.add(said["waits"])
            self.counts["waited"] += 1
        elif "drafted" in said:
            asked[said["prompt"]].drafted.append(said["drafted"])
            self.counts["drafts"] += 1
        else:
            asked[said["prompt"]].stored = said["stored"]

    def _judge(self, asked: Asked, reply: dict[str, Any] | None) -> None:
        if reply is None:
            if asked.begun:
                self.complaints.append(f"{asked.prompt} is lost.")
            return
        state, body, whole = reply["state"], reply["body"], asked.before + "".join(asked.tokens)
        since = asked.lost_since(body)
        age = self._killed_at - since if since else 0.0
        right = {
            f"is {state}": state in ("done", "interrupted"),
            "has another text": whole.startswith(body) and body.startswith(asked.before),
            "is done, but not whole": state != "done" or body == whole,
            "lost what was in the store": len(body) >= asked.surely,
            f"lost what was {age:.2f} s old": self._in_time(age),
        }
        self.complaints += [f"{asked.prompt} {wrong}." for wrong, ok in right.items() if not ok]
        self.counts["continued"] += state == "done" and asked.resume is not None
        if state == "interrupted" and asked.sent:
            self.counts["cut"] += 1
            self._ages.append(age)

    def _in_time(self, age: float) -> bool:
        return self._slack is None or age <= MAY_BE_LOST + self._slack

    def _continue(self, fake: FakeOllama) -> None:
        """A life in which nothing is killed until the cut replies of the last are done."""
        life = self._look(Life(self._folder, fake.host))
        cut = [r for r in self._known.values() if r["last"] and r["state"] == "interrupted"]
        long = Asked(f"[[t{RATE}-n{LONGEST}.whole]]")
        self._asked = [*(self._again(reply) for reply in cut[:3]), long]
        life.do(self._asked)
        done: set[str] = set()
        while len(done) < len(self._asked):
            said = life.hear()
            self._note(said)
            if said.get("state", "streaming") != "streaming":
                done.add(said["prompt"])
        life.kill()


def answers(chats: dict[str, list[dict[str, Any]]]) -> Found:
    """Raises AssertionError where a prompt stands without a reply to it."""
    found: Found = {}
    for session, messages in chats.items():
        prompts, replies = messages[::2], messages[1::2]
        assert [m["role"] for m in messages] == ["user", "assistant"] * len(prompts), messages
        for prompt, reply in zip(prompts, replies, strict=True):
            last = reply is messages[-1]
            found[prompt["body"]] = reply | {
                "prompt": prompt["body"],
                "session": session,
                "last": last,
            }
    return found

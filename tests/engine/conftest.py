"""One real engine for the whole run: the bundled model in its own process."""

from collections.abc import Callable, Iterator

import httpx
import ollama
import psutil
import pytest

from chatcore.engine import BUNDLED_NAME, EngineProcess

Ask = Callable[..., ollama.ChatResponse]


@pytest.fixture(scope="session")
def engine() -> Iterator[EngineProcess]:
    process = EngineProcess()
    yield process
    process.stop()


@pytest.fixture
def client(engine: EngineProcess) -> Iterator[ollama.Client]:
    with ollama.Client(host=engine.url(), trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture
def raw(engine: EngineProcess) -> Iterator[httpx.Client]:
    """For what the official client cannot be made to send."""
    with httpx.Client(base_url=engine.url(), trust_env=False, timeout=60) as raw:
        yield raw


@pytest.fixture
def ask(client: ollama.Client) -> Ask:
    """One short question, with the options given as keywords."""

    def ask(text: str = "Say hi.", **options: object) -> ollama.ChatResponse:
        options.setdefault("num_predict", 8)
        messages = [{"role": "user", "content": text}]
        return client.chat(BUNDLED_NAME, messages, options=options)

    return ask


@pytest.fixture
def worker_pid(engine: EngineProcess) -> Callable[[], int]:
    """The process that holds the loaded model: another pid means it was loaded anew."""

    def pid() -> int:
        [worker] = psutil.Process(engine.pid).children()
        return worker.pid

    return pid

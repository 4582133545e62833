"""The process that holds a loaded model: llama.cpp's own server on a random loopback port.

It is apart from the API so that loading, which holds Python's lock, never freezes the API; so
that unloading gives all memory back; and so that a crash in llama.cpp costs one reply only.
"""

import json
import os
import sys
from typing import TextIO

import xllamacpp


def main() -> None:
    ready = _claim_stdout()
    settings = json.loads(sys.stdin.buffer.readline())
    try:
        server = xllamacpp.Server(_parameters(settings))
    except RuntimeError:
        sys.exit("llama.cpp cannot load this model file: it is damaged or of an unknown kind")
    print(server.listening_address, file=ready, flush=True)
    sys.stdin.buffer.read()
    # Not sys.exit: that waits for a reply under way.
    os._exit(0)


def _claim_stdout() -> TextIO:
    """Keep stdout for the one line, and send all that llama.cpp prints to stderr."""
    ours = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(ours, "w")


def _parameters(settings: dict[str, object]) -> xllamacpp.CommonParams:
    params = xllamacpp.CommonParams()
    params.model.path = settings["path"]
    params.n_ctx = settings["num_ctx"]
    params.n_parallel = 1
    params.api_keys = [settings["key"]]
    for cpu in (params.cpuparams, params.cpuparams_batch):
        cpu.n_threads = settings["threads"]
        # Busy waiting starves the app when the cores are shared.
        cpu.poll = 0
    params.n_gpu_layers = 0
    # Take the window that was asked for, never one guessed from the free memory.
    params.fit_params = False
    # Otherwise up to 8 GiB of old conversations stay in memory.
    params.cache_ram_mib = 0
    params.warmup = False
    params.ui = False
    params.verbosity = 0
    return params


if __name__ == "__main__":
    main()

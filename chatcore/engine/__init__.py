"""The built-in engine: one small model, served with the Ollama API on a loopback port.

`EngineProcess` owns the server's process; everything else in the package runs inside it.
"""

from chatcore.engine.bundled import BUNDLED_NAME, bundled_gguf
from chatcore.engine.process import EngineProcess

__all__ = ["BUNDLED_NAME", "EngineProcess", "bundled_gguf"]

"""The one model file the engine serves: its name, and what /api/tags, ps and show say of it.

Works on the file's header and bytes; does not know whether the model is loaded.
"""

import hashlib
import re
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from chatcore.engine.bundled import (
    BUNDLED_NAME,
    BUNDLED_PARAMETERS,
    BUNDLED_SHA256,
    DAMAGED,
    bundled_gguf,
)
from chatcore.engine.gguf import Header, read_header
from chatcore.engine.options import DEFAULT_NUM_CTX
from chatcore.engine.refusals import Refused

# llama.cpp's numbers for general.file_type, in Ollama's spelling.
_FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K",
    11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S",
    17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS",
    23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S",
    29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
}  # fmt: skip
_NAME_CHARACTERS = re.compile(r"[^a-z0-9._]+")


class ServedModel:
    def __init__(
        self,
        path: Path,
        name: str,
        header: Header,
        sha256: str | None = None,
        parameters: Mapping[str, object] | None = None,
    ) -> None:
        self.path = path
        self.name = name
        self.header = header
        self.parameters = parameters or {}
        stat = path.stat()
        self._size = stat.st_size
        self._modified_at = datetime.fromtimestamp(stat.st_mtime, UTC).isoformat()
        self._expected = sha256
        self._digest = ""
        self._hashing = threading.Lock()

    @property
    def trained_context(self) -> int:
        number = self.header.number(f"{self.header.architecture}.context_length")
        return number or DEFAULT_NUM_CTX

    def answers_to(self, name: str) -> bool:
        return (name if ":" in name else f"{name}:latest").lower() == self.name

    def check(self) -> None:
        """Refuse a bundled file whose bytes are not the published ones; a user's own is trusted."""
        if self._expected is not None and self._hash() != self._expected:
            raise Refused(500, DAMAGED)

    def digest(self) -> str:
        """The file's sha256, or "" while a user's own, perhaps huge, file is still being read."""
        if self._expected is not None:
            return self._hash()
        if not self._digest and not self._hashing.locked():
            threading.Thread(target=self._hash, daemon=True).start()
        return self._digest

    def _hash(self) -> str:
        with self._hashing:
            if not self._digest:
                with self.path.open("rb") as file:
                    self._digest = hashlib.file_digest(file, "sha256").hexdigest()
            return self._digest

    def _row(self) -> dict[str, object]:
        return {
            "name": self.name,
            "model": self.name,
            "size": self._size,
            "digest": self.digest(),
            "details": self._details(),
        }

    def tag(self) -> dict[str, object]:
        return self._row() | {"modified_at": self._modified_at}

    def running(self, expires_at: datetime, context_length: int) -> dict[str, object]:
        return self._row() | {
            "expires_at": expires_at.isoformat(),
            "size_vram": 0,
            "context_length": context_length,
        }

    def show(self) -> dict[str, object]:
        return {
            "modelfile": f"FROM {self.path.name}\n",
            "parameters": "\n".join(f"{key} {value}" for key, value in self.parameters.items()),
            "template": self.header.text("tokenizer.chat_template"),
            "license": self.header.text("general.license"),
            "details": self._details(),
            "model_info": self._model_info(),
            "capabilities": ["completion"],
            "modified_at": self._modified_at,
        }

    def _model_info(self) -> dict[str, object]:
        kept: dict[str, object] = {
            k: v for k, v in self.header.metadata.items() if k != "tokenizer.chat_template"
        }
        return kept | {"general.parameter_count": self.header.parameter_count}

    def _details(self) -> dict[str, object]:
        family = self.header.architecture
        file_type = self.header.number("general.file_type")
        return {
            "parent_model": "",
            "format": "gguf",
            "family": family,
            "families": [family],
            "parameter_size": human_count(self.header.parameter_count),
            "quantization_level": _FILE_TYPES.get(
                -1 if file_type is None else file_type, "unknown"
            ),
        }


def bundled_model() -> ServedModel:
    path = bundled_gguf()
    return ServedModel(path, BUNDLED_NAME, read_header(path), BUNDLED_SHA256, BUNDLED_PARAMETERS)


def own_model(path: Path) -> ServedModel:
    header = read_header(path)
    return ServedModel(path, model_name(header.text("general.name"), path.stem), header)


def model_name(general_name: str, stem: str) -> str:
    """A name Ollama would accept, from the model's own or else the file's."""
    slugs = (_NAME_CHARACTERS.sub("-", text.lower()).strip("-._") for text in (general_name, stem))
    return next((slug for slug in slugs if slug), "model") + ":latest"


def human_count(number: int) -> str:
    """As Ollama writes it: 134515008 is 134.52M."""
    for unit, letter, decimals in ((10**9, "B", 1), (10**6, "M", 2)):
        if number >= unit:
            return f"{number / unit:.{0 if number % unit == 0 else decimals}f}{letter}"
    return f"{number / 1000:.0f}K" if number >= 1000 else str(number)

"""Reads the header of a GGUF model file: its metadata, and how many parameters it holds.

Works on the bytes of the file alone; knows nothing of llama.cpp, nor of what the keys mean.
"""

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from chatcore.errors import EngineError

Value = str | int | float | bool | list["Value"] | None

_MAGIC = b"GGUF"
_VERSIONS = (2, 3)
_STRING, _ARRAY = 8, 9
_SCALARS = {
    code: struct.Struct("<" + letter)
    for code, letter in {
        0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d",
    }.items()
}  # fmt: skip
# A vocabulary has some hundred thousand entries and nobody reads them: they become None.
_LONGEST_LIST = 64
_MOST_DIMENSIONS = 4


@dataclass(frozen=True)
class Header:
    metadata: dict[str, Value]
    parameter_count: int

    def text(self, key: str) -> str:
        value = self.metadata.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> int | None:
        value = self.metadata.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    @property
    def architecture(self) -> str:
        return self.text("general.architecture") or "unknown"


class _Malformed(Exception):
    """The bytes are not those of a whole GGUF header."""


def read_header(path: Path) -> Header:
    try:
        with path.open("rb") as file:
            return _Reader(file, path.stat().st_size).header()
    except FileNotFoundError as exc:
        raise EngineError(f"There is no model file {path.name}.") from exc
    except OSError as exc:
        raise EngineError(f"The model file {path.name} cannot be read: {exc.strerror}.") from exc
    except _Malformed as exc:
        raise EngineError(f"{path.name} is not a usable GGUF model file: {exc}.") from exc


class _Reader:
    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size

    def header(self) -> Header:
        if self._bytes(4) != _MAGIC:
            raise _Malformed("it does not begin as one")
        version = self._scalar(4)
        if version not in _VERSIONS:
            raise _Malformed(f"its format version is {version}, not 2 or 3")
        tensors, pairs = self._length(), self._length()
        metadata = dict(self._pair() for _ in range(pairs))
        return Header(metadata, sum(self._tensor_parameters() for _ in range(tensors)))

    def _pair(self) -> tuple[str, Value]:
        return self._string(), self._value(int(self._scalar(4)))

    def _value(self, code: int) -> Value:
        if code == _STRING:
            return self._string()
        if code == _ARRAY:
            return self._array()
        number = self._scalar(code)
        return number if math.isfinite(number) else None

    def _array(self) -> Value:
        code, count = int(self._scalar(4)), self._length()
        if code == _ARRAY:
            raise _Malformed("it holds a list of lists")
        if count <= _LONGEST_LIST:
            return [self._value(code) for _ in range(count)]
        if code == _STRING:
            for _ in range(count):
                self._skip(self._length())
        else:
            self._skip(count * self._layout(code).size)
        return None

    def _tensor_parameters(self) -> int:
        self._string()
        dimensions = int(self._scalar(4))
        if dimensions > _MOST_DIMENSIONS:
            raise _Malformed(f"it holds a tensor of {dimensions} dimensions")
        parameters = math.prod(self._length() for _ in range(dimensions))
        self._skip(4 + 8)
        return parameters

    def _string(self) -> str:
        return self._bytes(self._length()).decode("utf-8", errors="replace")

    def _length(self) -> int:
        return int(self._scalar(10))

    def _scalar(self, code: int) -> int | float | bool:
        layout = self._layout(code)
        value: int | float | bool = layout.unpack(self._bytes(layout.size))[0]
        return value

    def _layout(self, code: int) -> struct.Struct:
        if code not in _SCALARS:
            raise _Malformed(f"it holds a value of the unknown kind {code}")
        return _SCALARS[code]

    def _bytes(self, count: int) -> bytes:
        self._take(count)
        data = self._file.read(count)
        if len(data) < count:
            raise _Malformed("it ends too early")
        return data

    def _skip(self, count: int) -> None:
        self._take(count)
        self._file.seek(count, 1)

    def _take(self, count: int) -> None:
        # Checked before reading: a damaged length must not ask for gigabytes.
        if count > self._left:
            raise _Malformed("it ends too early")
        self._left -= count

"""The reader of GGUF headers, on headers written here and on the bundled file."""

import math
import struct
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatcore.engine.bundled import bundled_gguf
from chatcore.engine.gguf import Value, read_header
from chatcore.errors import EngineError


def string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def encoded(value: Value) -> bytes:
    """A value with its kind in front."""
    match value:
        case bool():
            return struct.pack("<I?", 7, value)
        case int():
            return struct.pack("<Iq", 11, value)
        case float():
            return struct.pack("<Id", 12, value)
        case str():
            return struct.pack("<I", 8) + string(value)
        case list():
            items = [encoded(item) for item in value]
            kind = items[0][:4] if items else struct.pack("<I", 8)
            body = b"".join(item[4:] for item in items)
            return struct.pack("<I", 9) + kind + struct.pack("<Q", len(items)) + body
    raise TypeError(value)


def header(metadata: dict[str, Value], shapes: list[list[int]] = [], version: int = 3) -> bytes:  # noqa: B006
    start = b"GGUF" + struct.pack("<IQQ", version, len(shapes), len(metadata))
    pairs = b"".join(string(key) + encoded(value) for key, value in metadata.items())
    tensors = b"".join(
        string("t") + struct.pack(f"<I{len(s)}QIQ", len(s), *s, 0, 0) for s in shapes
    )
    return start + pairs + tensors


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gguf") / "model.gguf"


scalars = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**63 - 1), st.text(), st.floats(allow_nan=False)
)
values = scalars | st.lists(st.text(), max_size=64) | st.lists(st.booleans(), max_size=64)


@given(
    metadata=st.dictionaries(st.text(), values),
    shapes=st.lists(st.lists(st.integers(0, 99), max_size=4)),
)
def test_what_is_written_is_read(
    path: Path, metadata: dict[str, Value], shapes: list[list[int]]
) -> None:
    path.write_bytes(header(metadata, shapes))
    infinite = {k for k, v in metadata.items() if isinstance(v, float) and math.isinf(v)}
    assert read_header(path).metadata == metadata | dict.fromkeys(infinite)
    assert read_header(path).parameter_count == sum(map(math.prod, shapes))


@given(data=st.data())
def test_a_damaged_header_is_an_engine_error_or_still_a_header(
    path: Path, data: st.DataObject
) -> None:
    whole = header({"general.name": "x", "list": ["a", "b"], "n": 7}, [[2, 3]])
    position = data.draw(st.integers(0, len(whole) - 1))
    patch = data.draw(st.binary(min_size=1, max_size=9))
    path.write_bytes(whole[:position] + patch + whole[position + len(patch) :])
    with suppress(EngineError):
        assert read_header(path).parameter_count >= 0


def test_a_header_cut_anywhere_is_an_engine_error(path: Path) -> None:
    whole = header({"general.name": "x", "list": ["a"] * 100, "n": 7}, [[2, 3]])
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        with pytest.raises(EngineError, match="it ends too early"):
            read_header(path)


def test_long_lists_are_not_kept(path: Path) -> None:
    path.write_bytes(header({"texts": ["a"] * 65, "numbers": list(range(65)), "last": "z"}))
    assert read_header(path).metadata == {"texts": None, "numbers": None, "last": "z"}


def test_a_length_beyond_the_file_asks_for_no_memory(path: Path) -> None:
    path.write_bytes(b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 2**62))
    with pytest.raises(EngineError, match="it ends too early"):
        read_header(path)


@pytest.mark.parametrize("version", [1, 4, 0x03000000])
def test_other_versions_are_named(path: Path, version: int) -> None:
    path.write_bytes(header({}, version=version))
    with pytest.raises(EngineError, match=f"its format version is {version}, not 2 or 3"):
        read_header(path)


def test_a_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="cannot be read"):
        read_header(tmp_path)


def test_the_bundled_header_is_read() -> None:
    found = read_header(bundled_gguf())
    assert found.architecture == "llama"
    assert found.parameter_count == 134515008
    assert found.number("llama.context_length") == 8192

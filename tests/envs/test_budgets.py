"""What comes from outside is refused when it is more than anybody needs, before it takes the memory or the time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import zstandard

from brigade.envs import budgets
from brigade.envs.budgets import MIB, TooMuch, parse_json, read_bytes, read_json, read_text, unpacked
from brigade.envs.content import ContentError, parse
from brigade.envs.registry import BrigadeError


def zstd_bomb(gib: int) -> bytes:
    """A frame of blocks of one repeated byte: four bytes for 128 KiB."""
    size = 1 << 17
    block = ((size << 3) | (1 << 1)).to_bytes(3, "little") + b"\n"
    last = ((0 << 3) | 1).to_bytes(3, "little")
    return b"\x28\xb5\x2f\xfd\x00\x38" + block * (gib * (1 << 30) // size) + last


def test_a_bomb_is_refused_when_it_has_unpacked_to_its_budget() -> None:
    begun = time.monotonic()
    with pytest.raises(TooMuch, match="larger than 64 MiB when unpacked"):
        unpacked(zstd_bomb(8), 64 * MIB)
    assert time.monotonic() - begun < 30


def test_a_frame_comes_back_whole_or_with_the_reason() -> None:
    packed = zstandard.compress(b"a" * 100_000)
    assert unpacked(packed, MIB) == (b"a" * 100_000, None)
    assert unpacked(packed[:-3], MIB)[1] == "cut off"
    assert "damaged" in str(unpacked(b"\0" * 20, MIB)[1])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[" * 100_000, "nested"), ("[" * 65 + "]" * 65, "nested more than 64"), ("NaN", "NaN is not a number"),
        ("1e999", "too large"), ("9" * 5000, "not valid JSON"), ('{"a":1,}', "line 1"), (b"\xff", "not valid JSON"),
    ],
)  # fmt: skip
def test_json_is_as_the_standard_has_it(text: str | bytes, problem: str) -> None:
    with pytest.raises(BrigadeError, match=problem) as caught:
        parse_json(text, "it")
    assert str(caught.value).startswith("it: ")


def test_files_are_read_up_to_their_budget(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"[" + b" " * 2000 + b"]")
    assert read_json(path) == []
    with pytest.raises(TooMuch, match="larger than 1 KiB"):
        read_bytes(path, 1024)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(BrigadeError, match="not UTF-8"):
        read_text(path)
    with pytest.raises(BrigadeError, match="no such file"):
        read_text(tmp_path / "none")
    with pytest.raises(BrigadeError, match="cannot be read"):
        read_text(tmp_path / "a\0b")
    with pytest.raises(BrigadeError, match="cannot be read"):
        read_text(tmp_path)


@pytest.mark.parametrize("levels", [8, 12, 60])
def test_aliases_that_multiply_are_counted(levels: int) -> None:
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    text += "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, levels))
    begun = time.monotonic()
    with pytest.raises(ContentError, match="more than 200,000 values, those that aliases repeat"):
        parse(text)
    assert time.monotonic() - begun < 30


def test_yaml_is_bounded_in_depth_and_length(tmp_path: Path) -> None:
    from brigade.envs.content import read

    with pytest.raises(ContentError, match="nested"):
        parse("a: " + "[" * 70 + "]" * 70)
    path = tmp_path / "long.yaml"
    path.write_text("a: " + "x" * budgets.YAML_BYTES)
    with pytest.raises(ContentError, match="larger than 256 KiB"):
        read(path)


def test_text_in_yaml_is_taken() -> None:
    assert parse('title: "\\e[31mred\\u202e"\n').data == {"title": "␛[31mred\\u202e"}


def test_an_alias_to_a_long_text_costs_one_text() -> None:
    text = f"a: &a '{'é' * 60_000}\\u202e'\nb: [{', '.join(['*a'] * 20_000)}]\n"
    begun = time.monotonic()
    assert len(parse(text).data["b"]) == 20_000
    assert time.monotonic() - begun < 30

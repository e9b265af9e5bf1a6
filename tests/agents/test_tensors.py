"""Tensors on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the extra 'rl'")

from brigade.agents.learned.tensors import packed, read_sealed, sealed  # noqa: E402
from brigade.envs.registry import BrigadeError  # noqa: E402

THINGS: dict[str, Any] = {
    "key": "a", "numbers": torch.arange(6).reshape(2, 3), "parts": [1, {"rate": 0.5, 3: None}, (True, "x")],
}  # fmt: skip


def test_what_is_sealed_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "one.pt"
    path.write_bytes(sealed(THINGS))
    found = read_sealed(path)
    assert found["parts"] == THINGS["parts"]
    assert torch.equal(found["numbers"], THINGS["numbers"])
    path.write_bytes(packed(THINGS))  # before there were seals
    assert read_sealed(path)["key"] == "a"


@pytest.mark.parametrize(
    "change",
    [
        {"key": "b"}, {"numbers": torch.arange(6).reshape(3, 2)}, {"numbers": torch.arange(6).reshape(2, 3).float()},
        {"numbers": torch.zeros(2, 3, dtype=torch.int64)}, {"parts": [1, {"rate": 0.5, 3: None}, [True, "x"]]},
        {"parts": [1, {"rate": 0.5}, (True, "x")]}, {"parts": []}, {"more": 1},
    ],
)  # fmt: skip
def test_any_change_shows(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "one.pt"
    path.write_bytes(sealed(THINGS))
    seal = torch.load(path, weights_only=True)["seal"]
    path.write_bytes(packed({"seal": seal, **THINGS, **change}))
    with pytest.raises(BrigadeError, match="changed since it was written"):
        read_sealed(path)


def test_odd_tensors_are_sealed_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "one.pt"
    half = {"half": torch.ones(3, dtype=torch.bfloat16), "none": torch.zeros(0), "one": torch.tensor(1.5)}
    path.write_bytes(sealed(half))
    assert torch.equal(read_sealed(path)["half"], half["half"])
    path.write_bytes(packed({"seal": "0" * 12, "sparse": torch.eye(3).to_sparse()}))
    with pytest.raises(BrigadeError, match="changed since it was written"):
        read_sealed(path)


@pytest.mark.parametrize("thing", [[1], torch.zeros(3), None])
def test_something_else(tmp_path: Path, thing: Any) -> None:
    path = tmp_path / "one.pt"
    path.write_bytes(packed(thing))
    with pytest.raises(BrigadeError, match="expected a dictionary"):
        read_sealed(path)

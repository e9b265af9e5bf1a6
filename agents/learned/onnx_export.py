"""Trained policies as ONNX, for programs that have neither Brigade nor PyTorch."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from brigade.agents.learned.checkpoint import load, require_torch
from brigade.envs import disk
from brigade.envs.registry import BrigadeError

if TYPE_CHECKING:
    from torch import nn

NEEDED = ("onnx", "onnxscript")  # packages
INPUT, OUTPUT = "observation", "logits"


def export_onnx(where: str | Path, path: str | Path, seat: int = 0) -> None:
    """Write the actor of a policy: `observation` (B, *shape) to `logits` (B, 6) of the actions, for any B.

    The policy's card is in the model's metadata, under `brigade.card`.

    Args:
        where: a checkpoint, a training run or a bundled name.
        path: the file.
        seat: whose actor, where each seat has one of its own.

    Raises:
        BrigadeError: there is no such policy or seat, the policy has a memory, which such a file would not keep, it
            cannot be said as ONNX, the file cannot be written, or a package is missing.
    """
    require_torch()
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise BrigadeError(f"ONNX needs {' and '.join(missing)}, not installed: pip install 'brigade[clients]'")
    import torch
    from torch import nn

    policy, card = load(where)
    if not 0 <= seat < card.chefs:
        raise BrigadeError(f"{where}: no seat {seat}; expected 0 to {card.chefs - 1}")
    if has_memory(policy):
        raise BrigadeError(f"{where}: the policy has a memory, which the file would lose from one tick to the next")

    class Actor(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.policy = policy

        def forward(self, observation: torch.Tensor) -> torch.Tensor:
            return policy.logits_of(seat, observation)

    kind = torch.uint8 if len(card.shape) == 3 else torch.float32
    example = torch.zeros((2, *card.shape), dtype=kind)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of PyTorch's about itself
            program = torch.onnx.export(
                Actor().eval(), (example,), dynamo=True, verbose=False, input_names=[INPUT], output_names=[OUTPUT],
                dynamic_shapes=({0: torch.export.Dim("batch")},),
            )  # fmt: skip
    except Exception as error:  # a network of others: what cannot be said may end in anything
        told = (str(error).splitlines() or [type(error).__name__])[0]
        raise BrigadeError(f"{where}: cannot be said as ONNX: {told}") from error
    assert program is not None
    program.model.metadata_props["brigade.card"] = card.model_dump_json()
    disk.write(Path(path), program.model_proto.SerializeToString())


def has_memory(policy: nn.Module) -> bool:
    """Whether what a policy does depends on earlier ticks: it says so (`memory`), or has recurrent layers."""
    from torch import nn

    recurrent = (nn.RNNBase, nn.RNNCellBase)
    return bool(getattr(policy, "memory", False)) or any(isinstance(each, recurrent) for each in policy.modules())

"""Tensors on disk: weights as safetensors, states to go on from as PyTorch stores them. Nothing read is executed.

Importing this module does not need PyTorch.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from brigade.envs.budgets import NUMBERS_BYTES, read_bytes
from brigade.envs.registry import BrigadeError

DAMAGED = (  # what reading a damaged file of PyTorch's may end in
    AssertionError, AttributeError, EOFError, IndexError, KeyError, RuntimeError, TypeError, ValueError,
)  # fmt: skip
SEAL = "seal"
SAFE = ".safetensors"  # the ending of such files


def packed(things: dict[str, Any]) -> bytes:
    """The content of a file."""
    import torch

    buffer = io.BytesIO()
    torch.save(things, buffer)
    return buffer.getvalue()


def read_tensors(path: Path) -> Any:
    """What `packed` was given.

    Raises:
        BrigadeError: there is no such file, it is damaged, or it holds anything else.
    """
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that checking sparse tensors takes time
            return torch.load(io.BytesIO(read_bytes(path, NUMBERS_BYTES)), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:  # PyTorch's own words advise to load it all the same
        raise BrigadeError(
            f"{path}: cannot be read: it is damaged, or holds more than tensors and plain containers"
        ) from None
    except DAMAGED as error:
        raise BrigadeError(f"{path}: cannot be read, it is damaged: {why(error)}") from None


def packed_weights(weights: Mapping[str, Any]) -> bytes:
    """The content of a file of weights by name, as safetensors, which other programs read too."""
    from safetensors.torch import save

    return save({name: tensor.detach().cpu().contiguous().clone() for name, tensor in weights.items()})


def read_weights(path: Path) -> dict[str, Any]:
    """Weights by name: of safetensors, or of a file of PyTorch's.

    Raises:
        BrigadeError: there is no such file, it is damaged, or it holds anything else.
    """
    if path.suffix != SAFE:
        weights: dict[str, Any] = read_tensors(path)
        return weights
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        return load(read_bytes(path, NUMBERS_BYTES))
    except (SafetensorError, *DAMAGED) as error:
        raise BrigadeError(f"{path}: cannot be read, it is damaged: {why(error)}") from None


def why(error: Exception) -> str:
    """The first line of what PyTorch says is wrong."""
    return (str(error).splitlines() or ["it is empty"])[0]


@contextmanager
def taken_from(path: Path) -> Iterator[None]:
    """A block in which something is made of what a file holds; what does not fit is a damaged file.

    Raises:
        BrigadeError: something does not.
    """
    try:
        yield
    except DAMAGED as error:
        raise BrigadeError(f"{path}: damaged: {why(error)}") from None


def sealed(things: Mapping[str, Any]) -> bytes:
    """The content of a file that is to be gone on from: any change in it shows."""
    return packed({SEAL: _digest(dict(things)), **things})


def read_sealed(path: Path) -> dict[str, Any]:
    """What `sealed` was given. A file from before there were seals is taken as it is.

    Raises:
        BrigadeError: as `read_tensors`; or it was changed since it was written.
    """
    things = read_tensors(path)
    if not isinstance(things, dict):
        raise BrigadeError(f"{path}: damaged: expected a dictionary, got {type(things).__name__}")
    seal = things.pop(SEAL, None)
    try:
        whole = seal is None or seal == _digest(things)
    except (*DAMAGED, RecursionError):  # what nobody seals
        whole = False
    if not whole:
        raise BrigadeError(f"{path}: damaged: it was changed since it was written")
    return things


def _digest(things: Any) -> str:
    """Twelve digits that change when anything in it does."""
    whole = hashlib.sha256()
    _feed(whole, things)
    return whole.hexdigest()[:12]


def _feed(whole: Any, thing: Any) -> None:
    import torch

    whole.update(type(thing).__name__.encode())
    if isinstance(thing, torch.Tensor):
        numbers = thing.detach().cpu().contiguous()
        whole.update(f"{numbers.dtype} {tuple(numbers.shape)}".encode())
        whole.update(numbers.reshape(-1).view(torch.uint8).numpy().tobytes())
    elif isinstance(thing, Mapping):
        for key, value in thing.items():
            _feed(whole, key)
            _feed(whole, value)
        whole.update(b"end")
    elif isinstance(thing, Sequence) and not isinstance(thing, str):
        for value in thing:
            _feed(whole, value)
        whole.update(b"end")
    else:
        whole.update(repr(thing).encode())

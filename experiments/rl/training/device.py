"""Where a training computes: on the CPU, or on a GPU that PyTorch and Numba can both use."""

from __future__ import annotations

import torch

from brigade.batch.running.machine import machine
from brigade.envs.kitchen.interfaces import cuda
from brigade.envs.registry import BrigadeError


def choose_device(wish: str, kernels: bool = True) -> torch.device:
    """The device of PyTorch to train on.

    Args:
        wish: `cpu`, `cuda`, or `auto`: a GPU if there is one that can be used.
        kernels: whether Numba must be able to use the GPU too, to play kitchens there.

    Raises:
        BrigadeError: a GPU is wished for that cannot be used; the message says what is missing.
    """
    if wish == "cpu":
        return torch.device("cpu")
    missing = missing_for_gpu(kernels)
    if missing is None:
        return torch.device("cuda")
    if wish == "cuda":
        raise BrigadeError(
            f"no GPU can be used: {missing}. `device: cpu` trains without one, `auto` where there is one"
        )
    return torch.device("cpu")


def gpu_count(wish: str) -> int:
    """GPUs that trainings with this wish can be spread over; 0 where they are on the CPU.

    Raises:
        BrigadeError: a GPU is wished for that cannot be used.
    """
    return torch.cuda.device_count() if choose_device(wish).type == "cuda" else 0


def missing_for_gpu(kernels: bool = True) -> str | None:
    """What is missing to train on a GPU, with or without Numba's kernels; None for nothing."""
    if not torch.backends.cuda.is_built():  # type: ignore[no-untyped-call]
        return f"this PyTorch ({torch.__version__}) was built without CUDA; install a build with CUDA"
    if not torch.cuda.is_available():
        return "PyTorch finds no NVIDIA GPU with a driver that fits it"
    if not kernels:
        return None
    if cuda.SIMULATED:
        return "NUMBA_ENABLE_CUDASIM is set, which simulates one for Numba and none for PyTorch; unset it"
    if not cuda.available():
        return (
            "Numba cannot compile for the GPU that PyTorch finds; install the CUDA toolkit, with NVVM, or set CUDA_HOME"
        )
    return None


def describe(device: torch.device) -> str:
    """The name of the device."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return machine().cpu

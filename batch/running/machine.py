"""The machine that something is measured on, and how to keep to one of its cores."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from brigade.envs.registry import BrigadeError
from brigade.simulation.provenance import processor


@dataclass(frozen=True)
class Machine:
    """What this process runs on; `cores` are those it may use."""

    cpu: str
    cores: int
    system: str
    python: str
    numpy: str
    numba: str
    brigade: str


def machine() -> Machine:
    """What this process runs on."""
    return Machine(
        cpu=processor(),
        cores=len(cores()),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        numpy=metadata.version("numpy"),
        numba=metadata.version("numba"),
        brigade=metadata.version("brigade"),
    )


def cores() -> list[int]:
    """The cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def choose_core(wanted: int | None) -> int:
    """The core to measure on: the one wanted, or the last of those there are.

    Raises:
        BrigadeError: it is not available.
    """
    available = cores()
    if wanted is None:
        return available[-1]  # the first is where most systems do their own work
    if wanted not in available:
        raise BrigadeError(f"core {wanted} is not available; expected one of {', '.join(map(str, available))}")
    return wanted


@contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """Run on one core only, where the system has a way to say so; None for all."""
    if core is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _cpu() -> str:
    with suppress(OSError):  # where there is none: not Linux
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine() or "unknown CPU"

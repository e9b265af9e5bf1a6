"""What this code is and runs on: the beginning of every record."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from brigade._version import __version__

PACKAGES = ("numpy", "numba", "gymnasium", "pettingzoo", "ray")


def provenance() -> dict[str, Any]:
    """Versions, the processor and, in a git checkout, the revision."""
    return {
        "brigade": __version__,
        "revision": revision(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "packages": {name: metadata.version(name) for name in PACKAGES},
    }


def made_on() -> dict[str, Any]:
    """What figures of learning depend on besides the code: the processor, and how PyTorch computes, if it is loaded.

    The same seed may learn another thing on another processor, whose instructions round differently.
    """
    told: dict[str, Any] = {"processor": processor(), "cores": os.cpu_count()}
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        told["torch"] = {
            "version": torch.__version__,
            "instructions": torch.backends.cpu.get_cpu_capability(),
            "threads": torch.get_num_threads(),
            "deterministic": torch.are_deterministic_algorithms_enabled(),
            "matmul precision": torch.get_float32_matmul_precision(),
            "gpu": torch.cuda.get_device_name() if torch.cuda.is_initialized() else None,
        }
    return told


@cache
def processor() -> str:
    """What the processor calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # another system than Linux
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def now() -> str:
    """The time, as records have it: to the second, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@cache
def revision() -> str | None:
    """The git revision of the source, with a mark when it was changed since; None outside a checkout."""
    try:
        changed = _git("status", "--porcelain", "--untracked-files=no")
        return _git("rev-parse", "HEAD") + ("+changed" if changed else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(*asked: str) -> str:
    here = Path(__file__).resolve().parent
    done = subprocess.run(["git", *asked], cwd=here, capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.strip()

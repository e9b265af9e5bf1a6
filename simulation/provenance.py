"""What this code is and runs on: the beginning of every record."""

from __future__ import annotations

import platform
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from brigade._version import __version__

PACKAGES = ("numpy", "numba", "gymnasium", "pettingzoo", "ray")


def provenance() -> dict[str, Any]:
    """Versions and, in a git checkout, the revision."""
    return {
        "brigade": __version__,
        "revision": revision(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": {name: metadata.version(name) for name in PACKAGES},
    }


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

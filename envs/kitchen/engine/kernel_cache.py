"""Where compiled kernels are kept between runs, and what happens where they cannot be.

Each version of the sources has a folder of its own: in `NUMBA_CACHE_DIR` where that is set, else in the user's cache,
else, for who has no home that can be written to, in a folder of the user's own among the temporary files.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import platformdirs
from numba.core import caching, config

# The files that kernels, or the constants in them, come from.
COMPILED_IN = (
    "content/cookbook", "content/tables", "content/layout", "engine/compiled", "engine/state", "engine/rules",
    "observations/observe", "observations/planes", "observations/features",
)  # fmt: skip
DAMAGED = (EOFError, pickle.UnpicklingError, ValueError, TypeError, KeyError, IndexError, AttributeError, ImportError)


@lru_cache(maxsize=1)
def cache_folder() -> Path | None:
    """Where kernels are kept; None where there is no such place, which is said.

    Numba itself looks only at the file that a function is in; a kernel that calls into another file would go stale.
    """
    name = f"kernels-{sources_digest()}"
    for place in _places():
        if _can_be_written(place / name):
            return place / name
    _say("compiled rules cannot be kept anywhere: they are compiled anew in every process, for up to half a minute")
    return None


def sources_digest() -> str:
    """Twelve digits that change when a file does that kernels are made from."""
    digest = hashlib.sha256()
    for name in COMPILED_IN:
        digest.update((Path(__file__).parents[1] / f"{name}.py").read_bytes())
    return digest.hexdigest()[:12]


def _places() -> Iterator[Path]:
    if config.CACHE_DIR:
        yield Path(config.CACHE_DIR)  # the user's wish first
    with suppress(RuntimeError):  # nobody knows of a home
        yield Path(platformdirs.user_cache_dir("brigade"))
    own = _own_temporary_folder()
    if own is not None:
        _say(f"there is no cache folder that can be written to; compiled rules are kept in {own}")
        yield own


def _own_temporary_folder() -> Path | None:
    """A folder among the temporary files that nobody else can put anything into: what is kept there is executed."""
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    folder = Path(tempfile.gettempdir()) / f"brigade-{user}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    theirs = hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
    return folder if stat.S_ISDIR(found.st_mode) and not theirs else None


def _can_be_written(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _say(text: str) -> None:
    sys.stderr.write(f"Brigade: {text}\n")
    sys.stderr.flush()


class KernelCache(caching.FunctionCache):  # type: ignore[misc]
    """What Numba keeps of a kernel. Files that a crash or a full disk has left damaged are made anew."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled kernel, None if there is none that can be used."""
        try:
            return super().load_overload(sig, target_context)
        except DAMAGED:
            self._make_anew()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep it; a disk that is full is no reason not to go on."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            _say(f"a compiled kernel cannot be kept: {error}")

    def _make_anew(self) -> None:
        _say(f"the compiled rules in {self.cache_path} are damaged; they are made anew")
        try:
            self.flush()
        except OSError as error:
            _say(f"they cannot be: {error}; remove the folder")

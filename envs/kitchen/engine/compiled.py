"""One decorator for the functions that run compiled: cached on disk, free of the interpreter lock, plain on request.

`NUMBA_DISABLE_JIT=1` in the environment runs the same source as plain Python, which is how one debugs it.
"""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import numba
import platformdirs
from numba.core import config

F = TypeVar("F", bound=Callable[..., object])
COMPILED = not config.DISABLE_JIT
NOTICE_AFTER_S = 1.5
# The files that kernels, or the constants in them, come from.
COMPILED_IN = (
    "content/cookbook", "content/tables", "content/layout", "engine/compiled", "engine/state", "engine/rules",
    "observations/observe", "observations/planes", "observations/features",
)  # fmt: skip


@lru_cache(maxsize=1)
def cache_folder() -> Path:
    """Where compiled code is kept: the user's cache, one folder per version of the sources it was made from.

    Numba itself looks only at the file that a function is in; a kernel that calls into another file would go stale.
    """
    digest = hashlib.sha256()
    for name in COMPILED_IN:
        digest.update((Path(__file__).parents[1] / f"{name}.py").read_bytes())
    return Path(platformdirs.user_cache_dir("brigade")) / f"kernels-{digest.hexdigest()[:12]}"


def kernel(function: F) -> F:
    """Compile `function` with Numba when it is first called, unless compilation is disabled."""
    if not COMPILED:
        return function
    # _nrt=False: kernels allocate nothing, so they need not count references to the thirty arrays they are handed at
    # every call; counting made a step six times slower.
    # forceinline: helpers that are handed tuples of arrays cost as much again as what they do, unless inlined.
    compiler = numba.njit(cache=True, nogil=True, error_model="numpy", forceinline=True, _nrt=False)
    before = config.CACHE_DIR
    config.CACHE_DIR = before or str(cache_folder())  # read once, when the dispatcher is made; the user's wish first
    try:
        return compiler(function)  # type: ignore[no-any-return]
    finally:
        config.CACHE_DIR = before


@contextmanager
def compiling(what: str = "the kitchen's rules") -> Iterator[None]:
    """Say on standard error that a compilation is under way if it takes longer than a moment."""
    text = f"Brigade: compiling {what} for this machine (once, up to half a minute) ...\n"
    timer = threading.Timer(NOTICE_AFTER_S, lambda: (sys.stderr.write(text), sys.stderr.flush()))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()

"""One decorator for the functions that run compiled: cached on disk, free of the interpreter lock, plain on request.

`NUMBA_DISABLE_JIT=1` in the environment runs the same source as plain Python, which is how one debugs it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import numba
from numba.core import config, event

from brigade.envs.kitchen.engine.kernel_cache import KernelCache, cache_folder

F = TypeVar("F", bound=Callable[..., object])
COMPILED = not config.DISABLE_JIT
NOTICE_AFTER_S = 1.5
COMPILES = "numba:compile"  # Numba's event; there is none where it loads what it compiled before


def kernel(function: F) -> F:
    """Compile `function` with Numba when it is first called, unless compilation is disabled."""
    if not COMPILED:
        return function
    # _nrt=False: kernels allocate nothing, so they need not count references to the thirty arrays they are handed at
    # every call; counting made a step six times slower.
    # forceinline: helpers that are handed tuples of arrays cost as much again as what they do, unless inlined.
    compiler = numba.njit(nogil=True, error_model="numpy", forceinline=True, _nrt=False)
    dispatcher = compiler(function)
    folder = cache_folder()
    if folder is not None:
        before = config.CACHE_DIR
        config.CACHE_DIR = str(folder)  # read once, when the cache is made
        try:
            dispatcher._cache = KernelCache(dispatcher.py_func)
        finally:
            config.CACHE_DIR = before
    return dispatcher  # type: ignore[no-any-return]


class _Notice(event.Listener):  # type: ignore[misc]
    """Says on standard error that something is compiled, if it takes longer than a moment."""

    def __init__(self, what: str):
        text = f"Brigade: compiling {what} for this machine (once, up to half a minute) ...\n"
        self.timer = threading.Timer(NOTICE_AFTER_S, lambda: (sys.stderr.write(text), sys.stderr.flush()))
        self.timer.daemon = True
        self._begun = False

    def on_start(self, _: Any) -> None:
        """The first compilation begins."""
        if not self._begun:
            self._begun = True
            self.timer.start()

    def on_end(self, _: Any) -> None:
        """One of them is over."""


@contextmanager
def compiling(what: str = "the kitchen's rules") -> Iterator[None]:
    """Say on standard error that a compilation is under way if it takes longer than a moment."""
    notice = _Notice(what)
    try:
        with event.install_listener(COMPILES, notice):
            yield
    finally:
        notice.timer.cancel()

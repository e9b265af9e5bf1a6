"""Being stopped: what asks a program to end, by whatever means, is heard as Ctrl-C is."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

LIBRARIES_SAY = (1, 15)  # with which Ray ends a program that hears SIGTERM
ASKED_TO_END = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


def hear_as_interrupt() -> None:
    """From now on hear SIGTERM, and SIGHUP unless somebody has it ignored, as Ctrl-C. For the main thread."""
    for name in ASKED_TO_END:
        number = getattr(signal, name)
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _interrupt)


def asked_to_end() -> bool:
    """Whether such a signal has come since the last time: an interruption that something swallows is not lost."""
    came = bool(_asked)
    _asked.clear()
    return came


_asked: list[int] = []


def _interrupt(number: int, frame: FrameType | None) -> None:
    _asked.append(number)
    if signal.getsignal(signal.SIGINT) in (signal.SIG_IGN, None):  # a job in the background of a script
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)


@contextmanager
def handlers_kept() -> Iterator[None]:
    """Whatever a library does in this block, signals are handled after it as before it.

    Raises:
        KeyboardInterrupt: the library has answered one by ending the program, where it would have been heard as Ctrl-C.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {name: signal.getsignal(getattr(signal, name)) for name in ASKED_TO_END}
    try:
        yield
    except SystemExit as ended:
        if _interrupt in before.values() and ended.code in LIBRARIES_SAY:
            raise KeyboardInterrupt from None
        raise
    finally:
        for name, handler in before.items():
            if handler is not None:
                signal.signal(getattr(signal, name), handler)

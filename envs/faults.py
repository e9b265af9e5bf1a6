"""What other people's code ended in, in words: what it was, and the line of theirs that did it."""

from __future__ import annotations

from pathlib import Path
from traceback import TracebackException, walk_tb


def in_words(error: BaseException, doing: str = "") -> str:
    """An error on a line, as `ZeroDivisionError while acting: division by zero (waiter.py, line 12)`.

    Args:
        error: which was caught, whatever it is; it may be unable to say what it is.
        doing: what was being done.
    """
    said = str(TracebackException(type(error), error, None))
    return f"{type(error).__name__}{f' while {doing}' if doing else ''}: {said}{_place(error)}"


def _place(error: BaseException) -> str:
    """The line that raised it, where that is not in Brigade or in what Python imports with."""
    if isinstance(error, SyntaxError):  # it says so itself
        return ""
    lines = [
        f" ({Path(frame.f_code.co_filename).name}, line {number})"
        for frame, number in walk_tb(error.__traceback__)
        if _is_theirs(str(frame.f_globals.get("__name__", "")), frame.f_code.co_filename)
    ]
    return lines[-1] if lines else ""


def _is_theirs(module: str, file: str) -> bool:
    return module.split(".")[0] not in ("brigade", "importlib") and not file.startswith("<")

"""How much of what comes from outside is read: one place for every limit, and the readers that keep them.

Whatever is larger is refused with the limit named, before it takes the memory or the time. The numbers are many times
what anything of Brigade's own needs.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import zstandard

from brigade.envs.registry import BrigadeError

KIB, MIB = 1 << 10, 1 << 20

TEXT_BYTES = 4 * MIB  # of a text that people write: configurations, kitchens, cookbooks, cards, lessons
YAML_BYTES = 256 * KIB
TABLE_BYTES = 1024 * MIB  # of a table of games
RECORD_BYTES = 8192 * MIB  # of a file of records, problems or calls, unpacked; it is read line by line
RECORDING_BYTES = 256 * MIB  # of a recording, unpacked; nothing that a game writes comes near it
NUMBERS_BYTES = 1024 * MIB  # of a policy's numbers
LINE_BYTES = 16 * MIB  # of one line of records, or of a recording
REPLY_BYTES = 4 * MIB  # of one answer of an endpoint, decoded
STREAM_BYTES = 16 * MIB  # of one that streams: every piece of text comes in an envelope
ERROR_BYTES = 64 * KIB  # of an endpoint's complaint
DEPTH = 64  # lists and mappings within each other
NODES = 200_000  # parts of a YAML document, those repeated by aliases counted every time
COMBINATIONS = 10_000  # that `vary` stands for
SEED = (1 << 63) - 1  # the largest
SEEDS = 100_000  # of a run
EPISODES = 200_000  # of a run, over all its teams, kitchens and combinations
CELLS = 32_767  # of a kitchen: they are numbered in 16 bits
WIDTHS = 65_536  # of a layer of a network
LAYERS = 64  # of a network
PARAMETERS = 500_000_000  # of a network
_PACKED_AT_ONCE = 512  # bytes; each may stand for 32 KiB


class TooMuch(BrigadeError):
    """Something is over its budget."""


@contextmanager
def opened(path: str | Path, named: str = "") -> Iterator[io.BufferedReader]:
    """A file that is read in this block.

    Raises:
        BrigadeError: it cannot be read; the message begins with `named`, or the path.
    """
    named = named or str(path)
    try:
        with Path(path).open("rb") as file:
            yield file
    except FileNotFoundError:
        raise BrigadeError(f"{named}: cannot be read: no such file") from None
    except BrigadeError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        raise BrigadeError(f"{named}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def read_bytes(path: str | Path, most: int, what: str = "") -> bytes:
    """All of a file.

    Args:
        path: of it.
        most: bytes.
        what: it is, in front of its name in messages.

    Raises:
        BrigadeError: it cannot be read, or is larger.
    """
    named = f"{what} {path}" if what else str(path)
    with opened(path, named) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise TooMuch(f"{named}: larger than {in_bytes(most)}, the most that is read")
    return data


def read_text(path: str | Path, most: int = TEXT_BYTES, what: str = "") -> str:
    """All of a file of text in UTF-8, with or without a mark in front.

    Raises:
        BrigadeError: it cannot be read, is larger, or is no UTF-8.
    """
    data = read_bytes(path, most, what)
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        named = f"{what} {path}" if what else str(path)
        raise BrigadeError(f"{named}: cannot be read: it is not UTF-8 (byte {error.start})") from None


def parse_json(text: str | bytes, where: str, ours: bool = False) -> Any:
    """JSON as the standard has it: without NaN and infinities, not too deep, and no number that Python cannot hold.

    Args:
        text: of one value.
        where: it is from, in front of messages.
        ours: whether Brigade writes such, which may hold NaN and infinities: settings can be infinite.

    Raises:
        BrigadeError: it is none.
    """
    try:
        value = json.loads(text) if ours else json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise BrigadeError(
            f"{where}: not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        ) from None
    except RecursionError:
        raise TooMuch(f"{where}: not valid JSON: nested more than {DEPTH} deep") from None
    except ValueError as error:  # bytes that are no text; a number of thousands of digits
        raise BrigadeError(f"{where}: not valid JSON: {str(error)[:100]}") from None
    if depth_over(value, DEPTH):
        raise TooMuch(f"{where}: nested more than {DEPTH} deep")
    return value


def read_json(path: str | Path, most: int = TEXT_BYTES, what: str = "") -> Any:
    """The JSON in a file; see `parse_json`.

    Raises:
        BrigadeError: it cannot be read, is larger, or is no JSON.
    """
    return parse_json(read_text(path, most, what), f"{what} {path}" if what else str(path))


def depth_over(value: Any, most: int) -> bool:
    """Whether lists and mappings are within each other more than `most` deep."""
    level = [value]
    for _ in range(most):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def unpacked(data: bytes, most: int) -> tuple[bytes, str | None]:
    """What is in a Zstandard frame, and why there is no more of it where the frame ends early; None for a whole one.

    Raises:
        TooMuch: it is larger.
    """
    unpack, found = zstandard.ZstdDecompressor().decompressobj(), bytearray()
    try:
        for at in range(0, len(data), _PACKED_AT_ONCE):
            if unpack.eof:
                break
            found += unpack.decompress(data[at : at + _PACKED_AT_ONCE])
            if len(found) > most:
                raise TooMuch(f"larger than {in_bytes(most)} when unpacked, the most that is read")
    except zstandard.ZstdError as error:
        return bytes(found), f"damaged: {error}"
    return bytes(found), None if unpack.eof else "cut off"


def check_count(count: int, most: int, what: str) -> None:
    """See that there are not too many of something.

    Raises:
        TooMuch: there are.
    """
    if count > most:
        raise TooMuch(f"{count:,} {what}; at most {most:,} are taken")


def in_bytes(count: int) -> str:
    """A number of bytes, for people."""
    return f"{count // MIB:,} MiB" if count >= MIB else f"{count // KIB:,} KiB"


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits[:20]} is too large a number")
    return value

"""The border for text: what models, partners, people, files and servers say comes in here once, and goes out safely.

`taken` is the way in: whole characters, nothing that steers a terminal or turns the direction of writing, a bounded
length. The ways out are one for each place: `one_line` for a terminal, `prompt_json` and `prompt_words` for a prompt,
`cell` for a table that a spreadsheet opens, `json_line` for a file of records. Pages go through the page kit of
`brigade.batch`, which escapes all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

LONGEST = 65_536  # characters of one text that are kept
MARK = "…"  # where a text was cut
REPLACED = "\N{REPLACEMENT CHARACTER}"
_HALF = re.compile(r"[\ud800-\udfff]")
_PAIR = re.compile(r"[\ud800-\udbff][\udc00-\udfff]")
_ON_TOP = r"\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"  # marks over letters
_STACKED = re.compile(f"([{_ON_TOP}]{{4}})[{_ON_TOP}]+")
_TURN = re.compile(r"<(?=[A-Za-z/|\uff5c])|\[/?(?=INST|THINK|TOOL|AVAILABLE|SYSTEM)")  # how templates mark turns
_JOINERS = "\u200c\u200d"  # parts of words and of emoji
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # as spreadsheets begin one
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


def whole(text: str) -> str:
    """Text that UTF-8 can hold: halves of a character are joined, or replaced where the other one is missing."""
    if _HALF.search(text) is None:
        return text
    joined = _PAIR.sub(lambda pair: pair.group().encode("utf-16", "surrogatepass").decode("utf-16"), text)
    return _HALF.sub(REPLACED, joined)


def taken(text: str, most: int = LONGEST, lines: bool = True) -> str:
    """Text from outside, as it may be kept. Taking it twice changes nothing.

    Args:
        text: whatever was said.
        most: characters that are kept.
        lines: whether ends of lines and tabs stay; else they are spaces.
    """
    text = text if len(text) <= most else text[: most - 1] + MARK
    text = whole(text)
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    shown = "".join(c if c.isprintable() else _shown(c, lines) for c in text)
    shown = _STACKED.sub(r"\1", shown)
    return shown if len(shown) <= most else shown[: most - 1] + MARK


def taken_all(value: Any, most: int = LONGEST) -> Any:
    """Plain data with every text in it as it may be kept, keys too."""
    if isinstance(value, str):
        return taken(value, most)
    if isinstance(value, list):
        return [taken_all(each, most) for each in value]
    if isinstance(value, dict):
        return {taken(key, most) if isinstance(key, str) else key: taken_all(each, most) for key, each in value.items()}
    return value


def one_line(text: str, most: int = LONGEST) -> str:
    """Text on one line, for a terminal or wherever else there is no room for more."""
    return taken(text, most, lines=False)


def prompt_json(state: Any, compact: bool = True) -> str:
    """Plain data as JSON for a place between fences in a prompt; nothing in it closes the fence or begins a turn."""
    text = json.dumps(state, separators=(",", ":") if compact else None)
    return _TURN.sub(lambda mark: f"\\u{ord(mark.group()[0]):04x}{mark.group()[1:]}", text.replace("`", "\\u0060"))


def prompt_words(text: str) -> str:
    """Words for a place in a prompt; nothing in them opens or closes a fence, or begins a turn."""
    fenceless = whole(text).replace("```", "\N{RIGHT SINGLE QUOTATION MARK}" * 3)
    return _TURN.sub(lambda mark: f"{mark.group()[0]} {mark.group()[1:]}", fenceless)


def cell(value: Any) -> Any:
    """A value for a table of text: what a spreadsheet would run as a formula gets an apostrophe before it."""
    if not isinstance(value, str) or _NUMBER.fullmatch(value):
        return value
    seen = value.lstrip("".join({c for c in value if c.isspace() or not c.isprintable()} - {"\t", "\r"}))
    if not seen.startswith(_FORMULA):
        return value
    return f"'{value}"


def json_line(entry: Mapping[str, Any]) -> bytes:
    """An object as a line of a file. Halves of characters come out as JSON's escapes of them, so no text breaks it."""
    text = json.dumps(entry, separators=(",", ":"), ensure_ascii=False)
    return text.encode(errors="backslashreplace") + b"\n"


def storable(text: str) -> str:
    """Text of many lines for a file of its own, with an escape for each half of a character."""
    return text.encode(errors="backslashreplace").decode()


def _shown(character: str, lines: bool) -> str:
    """What stands for a character that does not print."""
    code = ord(character)
    if character in "\n\t":
        return character if lines else " "
    if character in _JOINERS:
        return character
    if character in "\u2028\u2029":
        return "\n" if lines else " "
    if character.isspace() and code > 0x85:  # one of the spaces of other scripts
        return " "
    if code < 0x20:
        return chr(0x2400 + code)
    return "\N{SYMBOL FOR DELETE}" if code == 0x7F else f"\\u{code:04x}"

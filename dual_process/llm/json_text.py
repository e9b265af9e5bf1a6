"""Finding the JSON object in what a language model said. Nothing is repaired: a damaged object is an outcome.

Its texts are taken as all text from outside is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from brigade.dual_process.llm.protocol import MAX_CHARACTERS
from brigade.envs.budgets import parse_json
from brigade.envs.registry import BrigadeError
from brigade.envs.text import taken_all

MAX_DEPTH = 32  # nesting of brackets; our schemas have four levels
MAX_DAMAGED = 20  # damaged objects that are passed over before giving up

_TAGS = "think|thinking|thought|reasoning|reflection"
_MARK = re.compile(
    rf"(?P<open><(?:{_TAGS})>|\[THINK\])|</(?:{_TAGS})>|\[/THINK\]|<\|channel\|>final<\|message\|>", re.IGNORECASE
)
_STARTS = re.compile(r'\{\s*["}]')  # a brace that begins an object, not one that stands in prose
_TOKEN = re.compile(r'[{}\[\]]|"(?:[^"\\]|\\.)*"?', re.DOTALL)


@dataclass(frozen=True)
class Malformed:
    """A text in which there is no object.

    Attributes:
        reason: what is wrong, for a person and for the next prompt.
    """

    reason: str


def find_json(text: str) -> dict[str, Any] | Malformed:
    """The first complete JSON object in a text.

    Reasoning blocks are left out, code fences and prose around the object are passed over. An object inside a damaged
    one is never taken for the answer. Texts in the object can be encoded as UTF-8.

    Args:
        text: what a reasoner said, at most `MAX_CHARACTERS` long.
    """
    if len(text) > MAX_CHARACTERS:
        return Malformed(f"{len(text):,} characters long, more than {MAX_CHARACTERS:,}")
    whole = text.strip()
    if _STARTS.match(whole) and _end(whole, 0) == len(whole):
        return _load(whole)
    text = strip_reasoning(text)
    if not text.strip():
        return Malformed("reasoning without an answer" if whole else "nothing was said")
    return _search(text)


def strip_reasoning(text: str) -> str:
    """The text without reasoning blocks, those that were never closed or whose beginning is missing included."""
    kept, at, thinking = "", 0, False
    for mark in _MARK.finditer(text):
        if mark["open"] is None:  # what came before it was thought, whether it began with a mark or not
            kept, at, thinking = kept if thinking else "", mark.end(), False
        elif not thinking:
            kept, thinking = kept + text[at : mark.start()], True
    return kept if thinking else kept + text[at:]


def _search(text: str) -> dict[str, Any] | Malformed:
    problem, at = Malformed("no JSON object"), 0
    for _ in range(MAX_DAMAGED):
        start = _STARTS.search(text, at)
        if start is None:
            break
        end = _end(text, start.start())
        if isinstance(end, Malformed):
            return end
        found = _load(text[start.start() : end])
        if isinstance(found, dict):
            return found
        problem, at = found, end
    return problem


def _end(text: str, start: int) -> int | Malformed:
    """Where the object that begins at `start` ends."""
    depth = 0
    for token in _TOKEN.finditer(text, start):
        mark = token.group()
        if mark in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                return Malformed(f"nested more than {MAX_DEPTH} deep")
        elif mark in "}]":
            depth -= 1
            if depth == 0:
                return token.end()
    return Malformed("the JSON object is cut off before its end")


def _load(text: str) -> dict[str, Any] | Malformed:
    try:
        found = parse_json(text, "the answer")
    except BrigadeError as error:
        return Malformed(str(error).removeprefix("the answer: "))
    return taken_all(found) if isinstance(found, dict) else Malformed("not a JSON object")

r"""Finding the answer in what people and language models write: `#### 19`, `**Answer: 19 lemons**`, `\boxed{19}`.

What a person would not be sure of is not read: a range, a time of day, two numbers of which either may be meant.
"""

from __future__ import annotations

import re

from brigade.envs.prover_verifier.arithmetic.problem import LONGEST_NUMBER, Number, read_number
from brigade.envs.registry import BrigadeError
from brigade.envs.text import one_line

UNKNOWN = "cannot be said"
_SHOWN = 40  # characters of an answer in a message
_MARK = re.compile(
    r"####|\\boxed\s*(?=\{)|^\s*A\s*:"
    r"|\b(?:final |correct |the )*answer(?:\s+to [^:.=\n]{1,80})?\s*(?:is\s*:?|[:=]|[-\u2013]\s)",
    re.IGNORECASE | re.MULTILINE,
)
_BOXED = re.compile(r"\{((?:[^{}]|\{[^{}]*\}){0,200})\}")
_FRACTION = re.compile(r"\\[dt]?frac\s*\{(\d{1,15})\}\s*\{(\d{1,15})\}")
_TEXT = re.compile(r"\\(?:text|mathrm|textbf|mathbf|mbox)\s*\{([^{}]{0,100})\}")
_DECORATION = re.compile(r"[*_`~]+|\\[()\[\],;!]|\$\$|\\(?=[$%#])|\\boxed")
_NUMBER = re.compile(
    r"(?<![\w.])[-+\u2212]?\s?[$\u20ac\u00a3]?\s?[-\u2212]?"
    r"(?:\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)|\d{1,3}(?:,\d{3})+(?!\d)|\d{1,20})?"
    r"(?:\.\d{1,15})?(?:\s?/\s?\d{1,15})?(?=\D|$)"
)
_ABOUT = re.compile(r"(?:is|about|approximately|around|roughly|exactly|only|=|:|\s|\u2248)*", re.IGNORECASE)
_GOES_ON = re.compile(r"e[-+]?\d|[,.]\d|\s*(?:-|\u2013|\u2014|to|or|and|:)\s*[$\u20ac\u00a3]?\d", re.IGNORECASE)
_NONE = re.compile(
    r"(?:it )?(?:can ?not|can't) be (?:said|known|determined|answered|found)|not enough information|"
    r"unknown|undetermined|impossible to (?:say|know|tell)|none\b|no answer",
    re.IGNORECASE,
)


def read_answer(text: str) -> Number | None:
    """The answer that a text ends with; None if it says that there is none.

    Raises:
        BrigadeError: it has no answer, or one that is no number, or might be one of several.
    """
    marks = list(_MARK.finditer(text))
    if not marks:
        raise BrigadeError("the solution does not parse: expected a last line 'Answer: NUMBER'")
    said = _said(text, marks[-1])
    if _NONE.match(said):
        return None
    number = _number_in(said)
    if number is None:
        shown = one_line(said, _SHOWN)
        raise BrigadeError(f"the solution does not parse: '{shown}' is no number, nor '{UNKNOWN}'")
    return number


def _said(text: str, mark: re.Match[str]) -> str:
    """What follows the mark, in plain characters: in its braces, on its line, or on the next one that says anything."""
    rest = text[mark.end() :]
    boxed = _BOXED.match(rest.lstrip()) if "boxed" in mark.group() else None
    lines = [boxed[1]] if boxed else rest.split("\n")
    plain = (_plain(line) for line in lines)
    return next((line for line in plain if line), "")


def _plain(line: str) -> str:
    inner = _BOXED.search(line) if "\\boxed" in line else None
    line = _FRACTION.sub(r"\1/\2", inner[1] if inner else line)
    return _DECORATION.sub("", _TEXT.sub(r" \1", line)).strip().strip("()[]\"' \t")


def _number_in(said: str) -> Number | None:
    """The number that is meant; None if there is none, or more than one that might be."""
    if "=" in said:
        said = said.rpartition("=")[2].strip()
    found = [match for match in _NUMBER.finditer(said) if any(c.isdigit() for c in match.group())]
    if not found:
        return None
    first = found[0]
    begins = _ABOUT.fullmatch(said[: first.start()]) is not None
    others = {_value(match) for match in found} - {_value(first)}
    if (others and not begins) or _GOES_ON.match(said[first.end() :]):
        return None
    return _value(first)


def _value(match: re.Match[str]) -> Number | None:
    text = re.sub(r"[\s$\u20ac\u00a3+]", "", match.group()).replace("\u2212", "-")
    return read_number(text) if len(text) <= LONGEST_NUMBER else None

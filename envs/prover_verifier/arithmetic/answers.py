r"""Finding the answer in what people and language models write: `#### 19`, `**Answer: 19 lemons**`, `\boxed{19}`.

What a person would not be sure of is not read: sums that are not worked out, ranges, times of day, millions in words,
two numbers of which either may be meant.
"""

from __future__ import annotations

import re
from fractions import Fraction

from brigade.envs.prover_verifier.arithmetic.problem import LONGEST_NUMBER, Number, read_number, simplest
from brigade.envs.registry import BrigadeError
from brigade.envs.text import one_line

UNKNOWN = "cannot be said"
_SHOWN = 40  # characters of an answer in a message
_ANSWER = r"(?:final |correct |the )*answer[*_`]*(?:\s+to [^:.=\n]{1,80})?\s*(?:is\s*:?|[:=]|[-\u2013]\s)"
# What begins an answer by itself, and what does so only where a number follows at once: a sentence about the answer.
_MARK = re.compile(rf"####|\\boxed\s*(?=\{{)|^[\s#>*_`]*(?:{_ANSWER}|A\s*:)", re.IGNORECASE | re.MULTILINE)
_IN_PROSE = re.compile(rf"\b{_ANSWER}", re.IGNORECASE)
_BOXED = re.compile(r"\{((?:[^{}]|\{[^{}]*\}){0,200})\}")
_FRACTION = re.compile(r"\\[dt]?frac\s*\{(\d{1,15})\}\s*\{(\d{1,15})\}")
_TEXT = re.compile(r"\\(?:text|mathrm|textbf|mathbf|mbox)\s*\{([^{}]{0,100})\}")
_LATEX = re.compile(r"\\[()\[\],;!]|\$\$|\\(?=[$%#])|\\boxed")
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,3}|_{1,3}|`{1,3})(?=\S)([^*_`]{1,400}?)(?<=\S)\1(?![\w*])")
_ENDS = "()[]\"'*_`~ \t"
_NUMBER = re.compile(
    r"(?<![\w.])(?P<sign>[-+\u2212]?)\s?[$\u20ac\u00a3]?\s?(?P<inner>[-\u2212]?)"
    rf"(?P<digits>(?:\d{{1,3}}(?:[ \u00a0\u202f]\d{{3}})+(?!\d)|\d{{1,3}}(?:,\d{{3}})+(?!\d)|\d{{1,{LONGEST_NUMBER}}})?"
    rf"(?:\.\d{{1,{LONGEST_NUMBER}}})?)"
    rf"(?:(?P<and>\s\d{{1,9}})?\s?/\s?(?P<below>\d{{1,{LONGEST_NUMBER}}}))?(?=\D|$)"
)
_ABOUT = re.compile(r"(?:is|are|about|approximately|around|roughly|exactly|only|=|:|\s|\u2248)*", re.IGNORECASE)
# After a number: it is a part of something else, or not the only one.
_GOES_ON = re.compile(
    r"e[-+]?\d|[,.]\d|[\u00bc-\u00be\u2150-\u215e]|\s*[-+*/^\u00d7\u00f7\u00b7\u2013\u2014:;,|\\]\s*[$\u20ac\u00a3(]?\d"
    r"|\s*[*/^\u00d7\u00f7\u00b7]|\s*x\s*\d|\s*\\(?:times|cdot|div|pm)|\s*(?:to|or|and)\s*[$\u20ac\u00a3]?\d"
    r"|\s*(?:hundred|thousand|million|billion|trillion|dozen|score|k|m|bn)s?\b",
    re.IGNORECASE,
)
# Before one: it is not what is said, but what is said of it.
_DENIES = re.compile(
    r"\b(?:not|less|more|fewer|than|least|most|over|under|above|below|between|minus|negative|neither|up to|from)\b"
    r"|[+*/^\u00d7\u00f7\u00b7<>\u2264\u2265\u221a\u03c0\\]",
    re.IGNORECASE,
)
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
    said = _last_said(text)
    if said is None:
        raise BrigadeError("the solution does not parse: expected a last line 'Answer: NUMBER'")
    if _NONE.match(said):
        return None
    number = _number_in(said)
    if number is None:
        shown = one_line(said, _SHOWN)
        raise BrigadeError(f"the solution does not parse: '{shown}' is no number, nor '{UNKNOWN}'")
    return number


def _last_said(text: str) -> str | None:
    """What follows the last mark; None if there is none."""
    marks = list(_MARK.finditer(text))
    after = marks[-1].end() if marks else -1
    for mark in reversed(list(_IN_PROSE.finditer(text))):
        if mark.end() <= after:
            break
        said = _said(text, mark)
        if _NONE.match(said) or (_begins(said) and _number_in(said) is not None):
            return said
    return _said(text, marks[-1]) if marks else None


def _said(text: str, mark: re.Match[str]) -> str:
    """What follows a mark, in plain characters: in its braces, on its line, or on the next one that says anything."""
    rest = text[mark.end() :]
    boxed = _BOXED.match(rest.lstrip()) if "boxed" in mark.group() else None
    lines = [boxed[1]] if boxed else rest.split("\n")
    plain = (_plain(line) for line in lines)
    return next((line for line in plain if line), "")


def _plain(line: str) -> str:
    inner = _BOXED.search(line) if "\\boxed" in line else None
    line = _FRACTION.sub(r"\1/\2", inner[1] if inner else line)
    line = _LATEX.sub("", _TEXT.sub(r" \1", line))
    return _EMPHASIS.sub(r"\2", line).strip(_ENDS)


def _begins(said: str) -> bool:
    """Whether a number comes at once."""
    found = _numbers(said)
    return bool(found) and _ABOUT.fullmatch(said[: found[0].start()]) is not None


def _number_in(said: str) -> Number | None:
    """The number that is meant; None if there is none, or more than one that might be."""
    *before, last = said.split("=")
    number = _alone(last.strip())
    if number is None and before:  # 19 = 12 + 7
        number = _alone(before[0].strip())
    return number


def _alone(said: str) -> Number | None:
    """The number in a text that says one, and nothing that makes another one of it."""
    found = _numbers(said)
    if not found:
        return None
    first = found[0]
    before, after = said[: first.start()], said[first.end() :]
    if _GOES_ON.match(after) or _DENIES.search(before):
        return None
    others = {_value(match) for match in found} - {_value(first)}
    if others and _ABOUT.fullmatch(before) is None:
        return None
    return _value(first)


def _numbers(said: str) -> list[re.Match[str]]:
    return [match for match in _NUMBER.finditer(said) if match["digits"]]


def _value(match: re.Match[str]) -> Number | None:
    digits = re.sub(r"[\s,]", "", match["digits"])
    below, over = match["below"], match["and"]
    whole = read_number(digits if below is None or over is not None else f"{digits}/{below}")
    if whole is None or len(match.group()) > 3 * LONGEST_NUMBER:
        return None
    if over is not None:  # 3 1/2
        part = read_number(f"{over.strip()}/{below}")
        if part is None or part >= 1 or digits != str(whole):
            return None
        whole = simplest(Fraction(whole) + Fraction(part))
    negative = "-" in (sign := (match["sign"] + match["inner"]).replace("\u2212", "-")) and sign != "--"
    return -whole if negative else whole

"""Working as the files of GSM8K write it, `<<48/2=24>>`: read into lines, checked, and altered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from brigade.envs.prover_verifier.arithmetic.problem import Number, apply, read_number, simplest
from brigade.envs.prover_verifier.arithmetic.solution import SHIFTS, Row, Solution
from brigade.envs.registry import BrigadeError

MARKED = re.compile(r"<<([^<>=]{1,200})=([^<>=]{1,40})>>")
MAX_DECIMALS = 6  # of a written result
MAX_DEPTH = 20  # of brackets
_TOKEN = re.compile(r"\s*(?:(\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})|([-+*/()]))")
_WRITTEN = re.compile(r"[-+]?\$?(?:\d[\d,]{0,20}(?:\.\d{0,15})?|\.\d{1,15})(?:/\d{1,15})?\.?")


def number_in(text: str) -> Number | None:
    """The number that a text writes, None if it writes none; no exponents, whose size nothing would bound."""
    cleaned = text.strip()
    return read_number(cleaned) if _WRITTEN.fullmatch(cleaned) else None


def rows_of(working: str) -> list[tuple[str, list[Row]]]:
    """What is marked as worked out: the text of each, and its lines; `<<16-3-4=9>>` are two lines.

    Nothing is evaluated: expressions of numbers, + - * / and brackets are parsed, and what is none has no lines. The
    last line of each holds the result as it is written, rounded or wrong as that may be.
    """
    found = []
    for left, right in MARKED.findall(working):
        result, rows = number_in(right), list[Row]()
        if result is not None:
            try:
                _Expression(left, rows).value()
            except BrigadeError:
                rows = []
        if rows and result is not None:
            last = rows[-1]
            rows[-1] = Row(last.before, last.op, last.amount, result)
        found.append((f"{left}={right}", rows))
    return found


def worked_out(row: Row) -> bool:
    """Whether a line is right, up to rounding: by less than one unit in the last place written."""
    if row.op == "/" and row.amount == 0:
        return False
    written = Fraction(row.after)
    unit = next((Fraction(1, 10**n) for n in range(MAX_DECIMALS) if written * 10**n % 1 == 0), 0)
    off = abs(Fraction(apply(row.op, row.before, row.amount)) - written)
    return off == 0 or off < unit


def wrong_lines(solution: Solution, answer: Number) -> list[int]:
    """The lines that are worked out wrongly; the number of lines stands for a wrong answer.

    Without a problem's structure nothing more can be said: a line may be worked out well and have no business there.
    """
    wrong = [place for place, row in enumerate(solution.rows) if not worked_out(row)]
    return wrong if solution.answer == answer else [*wrong, len(solution.rows)]


def wrong_variants(reference: Solution) -> list[Solution]:
    """A true solution altered in one result, or in its answer, by each shift, as far as that makes the answer wrong.

    An altered result is altered wherever a later line takes it up, and the answer with it.
    """
    altered = [_altered(reference, line, shift) for line in range(len(reference.rows)) for shift in SHIFTS]
    if reference.answer is not None:
        altered += [Solution(reference.rows, reference.answer + shift) for shift in SHIFTS]
    return [solution for solution in altered if solution is not None and solution.answer != reference.answer]


def _altered(reference: Solution, line: int, shift: int) -> Solution | None:
    """One result off by `shift`; None where something would be divided by 0."""
    changed: dict[Number, Number] = {}
    rows = []
    for place, row in enumerate(reference.rows):
        before, amount = (changed.get(number, number) for number in (row.before, row.amount))
        after = row.after
        if (before, amount) != (row.before, row.amount):
            if row.op == "/" and amount == 0:
                return None
            after = apply(row.op, before, amount)
        if place == line:
            after += shift
        if after != row.after:
            changed[row.after] = after
        rows.append(Row(before, row.op, amount, after))
    answer = reference.answer
    return Solution(tuple(rows), None if answer is None else changed.get(answer, answer))


class _Expression:
    """A parser of `3*(4+.5)/2` by descent; each operation becomes a line in `rows`, in the order of its working out."""

    def __init__(self, text: str, rows: list[Row]):
        self._tokens, self._rows, self._at, self._depth = list(_tokens(text)), rows, 0, 0

    def value(self) -> Number:
        """What it comes to.

        Raises:
            BrigadeError: it is no expression, or divides by 0.
        """
        value = self._sum()
        if self._next():
            raise BrigadeError(f"'{self._next()}' is not expected here")
        return value

    def _sum(self) -> Number:
        value = self._product()
        while self._next() in ("+", "-"):
            value = self._line(value, self._take(), self._product())
        return value

    def _product(self) -> Number:
        value = self._part()
        while self._next() in ("*", "/"):
            value = self._line(value, self._take(), self._part())
        return value

    def _part(self) -> Number:
        token = self._take()
        if token == "-":
            return -self._part()
        if token == "(":
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise BrigadeError("too many brackets")
            value = self._sum()
            if self._take() != ")":
                raise BrigadeError("a bracket is not closed")
            self._depth -= 1
            return value
        number = read_number(token) if token[:1].isdigit() or token[:1] == "." else None
        if number is None:
            raise BrigadeError(f"expected a number, not '{token}'")
        return number

    def _line(self, before: Number, op: str, amount: Number) -> Number:
        after = apply(op, before, amount)
        after = simplest(Fraction(after))
        self._rows.append(Row(before, op, amount, after))
        return after

    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._next()
        self._at += 1
        return token


def _tokens(text: str) -> Iterator[str]:
    """Numbers, signs and brackets.

    Raises:
        BrigadeError: there is something else.
    """
    text, at = text.strip(), 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise BrigadeError(f"'{text[at]}' is not expected here")
        yield match[1] or match[2]
        at = match.end()

"""Working as the files of GSM8K write it, `<<48/2=24>>`: read into lines, checked, and altered."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from fractions import Fraction

from brigade.envs.prover_verifier.arithmetic.problem import Number, apply, read_number, simplest
from brigade.envs.prover_verifier.arithmetic.solution import SHIFTS, Row, Solution
from brigade.envs.registry import BrigadeError

MARKED = re.compile(r"<<([^<>=]{1,200})=([^<>=]{1,40})>>")
MAX_DECIMALS = 6  # of a written result
_SIGNS = re.compile(r"[\d\s.+*/()-]+")  # what an expression is written with
_FIGURES = re.compile(r"\d{1,15}(?:\.\d{0,15})?|\.\d{1,15}")
_LEADING_ZEROS = re.compile(r"(?<![\d.])0+(?=\d)")  # with which Python has no numbers
_OPERATIONS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
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
        result = number_in(right)
        rows = _lines_of(left) if result is not None and _SIGNS.fullmatch(left) else []
        if rows and result is not None:
            rows[-1] = replace(rows[-1], after=result)
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


def _lines_of(expression: str) -> list[Row]:
    """The lines in which an expression is worked out, in that order; none if it is no expression, or divides by 0."""
    text = _LEADING_ZEROS.sub("", " ".join(expression.split()))
    rows: list[Row] = []

    def value_of(node: ast.expr) -> Number:
        if isinstance(node, ast.Constant) and _FIGURES.fullmatch(text[node.col_offset : node.end_col_offset]):
            return simplest(Fraction(text[node.col_offset : node.end_col_offset]))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -value_of(node.operand)
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
            before, op, amount = value_of(node.left), _OPERATIONS[type(node.op)], value_of(node.right)
            rows.append(Row(before, op, amount, simplest(Fraction(apply(op, before, amount)))))
            return rows[-1].after
        raise BrigadeError(f"'{expression}' is no expression of numbers, + - * / and brackets")

    try:
        value_of(ast.parse(text, mode="eval").body)
    except (SyntaxError, BrigadeError):
        return []
    return rows

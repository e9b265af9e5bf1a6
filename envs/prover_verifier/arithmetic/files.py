"""Reading a user's own problems in the form of GSM8K: JSON lines with `question` and `answer`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from brigade.envs.budgets import RECORD_BYTES, parse_json
from brigade.envs.content import ContentError, text_of
from brigade.envs.prover_verifier.arithmetic.problem import Number, apply, write
from brigade.envs.prover_verifier.arithmetic.solution import Row, Solution
from brigade.envs.prover_verifier.arithmetic.working import MARKED, number_in, rows_of, worked_out
from brigade.envs.registry import BrigadeError
from brigade.envs.text import taken_all

NAMED = 20  # wrong lines of a file in the message about it
TOLERANCE = Fraction(1, 100)  # the files round
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?|\.\d+")


@dataclass(frozen=True)
class FileProblem:
    """A problem from a file. Of what it tells nothing is known but the text.

    Attributes:
        text: the question.
        solution: a worked solution, as it stands there.
        answer: the right answer.
        rows: what the solution marks as worked out, line by line; empty if it marks nothing.
    """

    text: str
    solution: str
    answer: Number
    rows: tuple[Row, ...] = ()

    @property
    def reference(self) -> Solution:
        """The marked lines and the answer; the answer alone where nothing is marked."""
        return Solution(self.rows, self.answer)


def read_problems(path: str | Path) -> list[FileProblem]:
    """Problems in the form of GSM8K: the solution ends with `#### NUMBER`, and `<<48/2=24>>` marks what was worked out.

    A question that comes again counts once.

    Raises:
        ContentError: the file cannot be read, a line lacks a field, has no answer, or one that its own working or an
            earlier line contradicts; every such line is named.
    """
    text = text_of(path, RECORD_BYTES)
    # Not `splitlines`: JSON may hold line separators of other kinds within its strings.
    problems: dict[str, FileProblem] = {}
    wrong: dict[int, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                problem = _read_line(line)
            except BrigadeError as error:
                wrong[number] = str(error)
                continue
            first = problems.setdefault(problem.text, problem)
            if first.answer != problem.answer:
                told = f"{write(problem.answer)} contradicts {write(first.answer)} on an earlier line"
                wrong[number] = f"wrong answer: {told} with the same question"
    if wrong:
        number, *others = wrong
        also = f" (and something in {len(others)} more: lines {_listed(others)})" if others else ""
        raise ContentError(str(path), number, f"{wrong[number]}{also}")
    if not problems:
        raise ContentError(str(path), 0, "holds no problems")
    return list(problems.values())


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:NAMED])) + (", ..." if len(numbers) > NAMED else "")


def _read_line(line: str) -> FileProblem:
    entry: Any = taken_all(parse_json(line, "the line"))
    if not isinstance(entry, dict):
        raise BrigadeError("expected an object with 'question' and 'answer'")
    for name in ("question", "answer"):
        if not isinstance(entry.get(name), str) or not entry[name].strip():
            raise BrigadeError(f"field '{name}' is missing or is not text")
    working, mark, last = entry["answer"].rpartition("####")
    answer = number_in(last) if mark else None
    if answer is None:
        raise BrigadeError("answer: expected to end with '#### NUMBER'")
    rows = _check_working(working, answer)
    return FileProblem(entry["question"].strip(), working.strip(), answer, tuple(rows))


def _check_working(working: str, answer: Number) -> list[Row]:
    """The marked lines; refused are lines that are wrong, and an answer that the working does not come to.

    With marks, that is the last result marked, or the last number said: the last step is often worked out in words.
    Without, the answer must be among the numbers said, if there are any.
    """
    rows: list[Row] = []
    for text, lines in rows_of(working):
        if lines and not worked_out(lines[-1]):
            (left, right), last = text.split("="), lines[-1]
            exact = write(apply(last.op, last.before, last.amount))
            raise BrigadeError(f"wrong working: {left} is {exact}, not {right}")
        rows += lines
    said = [n for n in map(number_in, _NUMBER.findall(working)) if n is not None]
    marked = MARKED.search(working) is not None
    ends = [row.after for row in rows[-1:]] + said[-1:] if marked else said
    if ends and all(abs(Fraction(n) - Fraction(answer)) > TOLERANCE for n in ends):
        where = "what the working comes to" if marked else "among the numbers of the working"
        raise BrigadeError(f"wrong answer: {write(answer)} is not {where}")
    return rows

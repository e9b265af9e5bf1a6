"""Reading a user's own problems: JSON lines in the form of GSM8K or of GSM-Plus, or of both."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from brigade.envs.budgets import RECORD_BYTES, parse_json
from brigade.envs.content import ContentError, text_of
from brigade.envs.prover_verifier.arithmetic.problem import Number, apply, write
from brigade.envs.prover_verifier.arithmetic.solution import Row, Solution
from brigade.envs.prover_verifier.arithmetic.working import MARKED, number_in, rows_of, worked_out
from brigade.envs.registry import BrigadeError
from brigade.envs.text import one_line, taken_all

Check = Literal["strict", "warn", "drop"]
NAMED = 20  # wrong lines of a file in the message about it
TOLERANCE = Fraction(1, 100)  # the files round
UNANSWERABLE = ("none", "null", "n/a")  # what GSM-Plus has for problems that cannot be answered
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?|\.\d+")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FileProblem:
    """A problem from a file. Of what it tells nothing is known but the text.

    Attributes:
        text: the question.
        solution: a worked solution, as it stands there.
        answer: the right answer.
        rows: what the solution marks as worked out, line by line; empty if it marks nothing, or does not come to the
            answer.
        doubt: why the answer may not be right: its own working, or an earlier line, says otherwise. Empty for most.
    """

    text: str
    solution: str
    answer: Number
    rows: tuple[Row, ...] = ()
    doubt: str = ""

    @property
    def reference(self) -> Solution:
        """The marked lines and the answer; the answer alone where nothing is marked."""
        return Solution(self.rows, self.answer)


class Unanswerable(BrigadeError):
    """A problem to which there is no answer: a kind of GSM-Plus."""


@dataclass(frozen=True)
class ProblemFile:
    """What is in a file of problems.

    Attributes:
        path: of the file.
        problems: those that are to be used, each question once.
        doubted: by line, why an answer may be wrong; these problems are used all the same.
        left_out: by line, why it is not used.
        again: lines whose question has been there before.
    """

    path: Path
    problems: list[FileProblem] = field(default_factory=list)
    doubted: dict[int, str] = field(default_factory=dict)
    left_out: dict[int, str] = field(default_factory=dict)
    again: list[int] = field(default_factory=list)

    @property
    def notes(self) -> list[str]:
        """What somebody who uses the file should know of it: how many lines are of which kind, and which."""
        told = []
        for what, lines in (("used, though in doubt", self.doubted), ("left out", self.left_out)):
            kinds = Counter(kind_of(reason) for reason in lines.values())
            for kind, count in kinds.most_common():
                numbers = [number for number, reason in lines.items() if kind_of(reason) == kind]
                example = lines[numbers[0]]
                told.append(f"{self.path}: {count} of its lines {what}: {example} (lines {_listed(numbers)})")
        return told


def kind_of(reason: str) -> str:
    """What reasons have in common that differ in numbers."""
    return re.sub(r"\S*\d\S*", "#", reason)


def read_problems(path: str | Path, check: Check = "warn") -> list[FileProblem]:
    """The problems of a file; what is wrong with lines of it is logged as warnings. See `read_problem_file`."""
    found = read_problem_file(path, check)
    for note in found.notes:
        log.warning("%s", note)
    return found.problems


def read_problem_file(path: str | Path, check: Check = "warn") -> ProblemFile:
    """Problems in the form of GSM8K or of GSM-Plus, as shipped; a file may mix them.

    GSM8K: `question`, and `answer` is a solution that ends with `#### NUMBER`, in which `<<48/2=24>>` marks what was
    worked out. GSM-Plus: `question`, `solution`, and `answer` is the number alone; "None" for what cannot be answered.
    A question that comes again counts once.

    Args:
        path: of the file.
        check: what becomes of lines that are in doubt: their own working says otherwise than their answer. `warn` uses
            them, `drop` leaves them out, `strict` refuses the file. Of lines that contradict each other one is used,
            the first that is not in doubt. Unanswerable problems are left out, by `strict` refused; lines that are no
            problem at all refuse the file, unless it is `drop`.

    Raises:
        ContentError: the file cannot be read, holds no problems, or is refused; every line to blame is named.
    """
    found = ProblemFile(Path(path))
    first: dict[str, tuple[int, FileProblem]] = {}
    refused: dict[int, str] = {}
    # Not `splitlines`: JSON may hold line separators of other kinds within its strings.
    for number, line in enumerate(text_of(path, RECORD_BYTES).split("\n"), 1):
        if not line.strip():
            continue
        try:
            problem = _read_line(line)
        except BrigadeError as error:
            lenient = check == "drop" or (isinstance(error, Unanswerable) and check == "warn")
            (found.left_out if lenient else refused)[number] = str(error)
            continue
        doubt, (earlier, before) = problem.doubt, first.get(problem.text, (0, None))
        if before is not None and before.answer != problem.answer:
            if before.doubt and not doubt and check == "warn":  # the one that nothing else speaks against
                found.left_out[earlier] = f"{found.doubted.pop(earlier)}; line {number} has {write(problem.answer)}"
                found.problems[found.problems.index(before)] = problem
                first[problem.text] = number, problem
                continue
            told = f"{write(problem.answer)} contradicts {write(before.answer)} on an earlier line"
            doubt = f"wrong answer: {told} with the same question"
        if doubt and check == "strict":
            refused[number] = doubt
        elif (doubt and check == "drop") or (doubt and before is not None):
            found.left_out[number] = doubt
        elif before is not None:
            found.again.append(number)
        else:
            first[problem.text] = number, problem
            found.problems.append(problem)
            if doubt:
                found.doubted[number] = doubt
    if refused:
        number, *others = refused
        also = f" (and something in {len(others)} more: lines {_listed(others)})" if others else ""
        raise ContentError(str(path), number, f"{refused[number]}{also}")
    if not found.problems:
        why = f"; {found.notes[0].removeprefix(f'{path}: ')}" if found.left_out else ""
        raise ContentError(str(path), 0, f"holds no problems{why}")
    return found


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:NAMED])) + (", ..." if len(numbers) > NAMED else "")


def _read_line(line: str) -> FileProblem:
    entry: Any = taken_all(parse_json(line, "the line"))
    if not isinstance(entry, dict):
        raise BrigadeError("expected an object with 'question' and 'answer'")
    for name in ("question", "answer"):
        if not isinstance(entry.get(name), str) or not entry[name].strip():
            raise BrigadeError(f"field '{name}' is missing or is not text")
    working, answer = _as_shipped(entry)
    rows, doubt = _check_working(working, answer)
    return FileProblem(entry["question"].strip(), working.strip(), answer, () if doubt else tuple(rows), doubt)


def _as_shipped(entry: Mapping[str, Any]) -> tuple[str, Number]:
    """The worked solution without its last line, and the answer."""
    working, mark, last = entry["answer"].rpartition("####")
    if not mark and isinstance(entry.get("solution"), str):  # GSM-Plus
        last = entry["answer"]
        working = entry["solution"].rpartition("####")[0] or entry["solution"]
    elif not mark:
        raise BrigadeError("answer: expected to end with '#### NUMBER'")
    if last.strip().lower() in UNANSWERABLE:
        raise Unanswerable("it has no answer")
    answer = number_in(last)
    if answer is None:
        raise BrigadeError(f"answer: expected to end with '#### NUMBER', got '{one_line(last.strip(), 40)}'")
    return working, answer


def _check_working(working: str, answer: Number) -> tuple[list[Row], str]:
    """The marked lines, and what speaks against the answer.

    With marks, the working comes to the last result marked, or to the last number said: the last step is often worked
    out in words. Without, the answer must be among the numbers said, if there are any.
    """
    rows: list[Row] = []
    doubt = ""
    for text, lines in rows_of(working):
        if lines and not worked_out(lines[-1]):
            (left, right), last = text.split("="), lines[-1]
            nothing = last.op == "/" and last.amount == 0
            exact = "nothing" if nothing else write(apply(last.op, last.before, last.amount))
            doubt = doubt or f"wrong working: {left} is {exact}, not {right}"
        rows += lines
    said = [n for n in map(number_in, _NUMBER.findall(working)) if n is not None]
    marked = MARKED.search(working) is not None
    ends = [row.after for row in rows[-1:]] + said[-1:] if marked else said
    if ends and all(abs(Fraction(n) - Fraction(answer)) > TOLERANCE for n in ends):
        where = "what the working comes to" if marked else "among the numbers of the working"
        doubt = doubt or f"wrong answer: {write(answer)} is not {where}"
    return rows, doubt

"""Reading a user's own problems in the form of GSM8K: JSON lines with `question` and `answer`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from brigade.envs.content import ContentError
from brigade.envs.prover_verifier.arithmetic.problem import Number, read_number

_WORKED = re.compile(r"<<([-+*/().\d]+)=([-\d.,/]+)>>")
TOLERANCE = Fraction(1, 100)  # the files round
_FLAT = re.compile(r"^(-?[\d.]+)([-+*/])(-?[\d.]+)$")


@dataclass(frozen=True)
class FileProblem:
    """A problem from a file: its text, a worked solution, and the answer."""

    text: str
    solution: str
    answer: Number


def read_problems(path: str | Path) -> list[FileProblem]:
    """Problems in the form of GSM8K: the solution ends with `#### NUMBER`, and `<<48/2=24>>` marks what was worked out.

    Raises:
        ContentError: the file cannot be read, a line lacks a field, has no answer, or one that its own working
            contradicts; the line is named.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(str(path), 0, f"cannot be read: {error}") from None
    problems = [_read_line(line, str(path), number) for number, line in enumerate(lines, 1) if line.strip()]
    if not problems:
        raise ContentError(str(path), 0, "holds no problems")
    return problems


def _read_line(line: str, source: str, number: int) -> FileProblem:
    try:
        entry: Any = json.loads(line)
    except ValueError as error:
        raise ContentError(source, number, f"not valid JSON: {error}") from None
    fields = entry if isinstance(entry, dict) else {}
    for name in ("question", "answer"):
        if not isinstance(fields.get(name), str) or not fields[name].strip():
            raise ContentError(source, number, f"field '{name}' is missing or is not text")
    working, mark, last = fields["answer"].rpartition("####")
    answer = read_number(last) if mark else None
    if answer is None:
        raise ContentError(source, number, "answer: expected to end with '#### NUMBER'")
    _check_working(working, answer, source, number)
    return FileProblem(fields["question"], working.strip(), answer)


def _check_working(working: str, answer: Number, source: str, number: int) -> None:
    """Refuse working that does not add up, or in which the answer does not come up."""
    results = []
    for left, right in _WORKED.findall(working):
        result, flat = read_number(right), _FLAT.match(left)
        if result is None:
            continue
        results.append(Fraction(result))
        worked = _work_out(Fraction(flat[1]), flat[2], Fraction(flat[3])) if flat else None
        if worked is not None and abs(worked - Fraction(result)) > TOLERANCE:
            raise ContentError(source, number, f"wrong working: {left} is {float(worked):g}, not {right}")
    if results and all(abs(result - Fraction(answer)) > TOLERANCE for result in results):
        raise ContentError(source, number, f"wrong answer: {answer} does not come up in the working")


def _work_out(a: Fraction, op: str, b: Fraction) -> Fraction | None:
    if op == "/":
        return a / b if b else None
    return {"+": a + b, "-": a - b, "*": a * b}[op]

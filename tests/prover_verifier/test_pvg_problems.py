"""Word problems, their variants and files, and claims about kitchens: true by construction, and read with care."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import brigade  # noqa: F401  # registers who can follow plans
from brigade.envs.content import ContentError
from brigade.envs.prover_verifier.arithmetic.files import read_problems
from brigade.envs.prover_verifier.arithmetic.generate import draw_problem
from brigade.envs.prover_verifier.arithmetic.perturb import perturb, perturbations
from brigade.envs.prover_verifier.arithmetic.problem import Number, read_number, write
from brigade.envs.prover_verifier.arithmetic.solution import edits_of, errors_of, is_correct, read_solution, solve
from brigade.envs.prover_verifier.games.arithmetic_game import decode, encode
from brigade.envs.prover_verifier.games.game import make_game
from brigade.envs.prover_verifier.games.kitchen_game import KitchenGame
from brigade.envs.prover_verifier.kitchen.claims import claim_json, read_claim
from brigade.envs.prover_verifier.kitchen.forward import replayed
from brigade.envs.registry import BrigadeError

SEEDS = given(st.integers(0, 10_000), st.integers(1, 4))
QUICK = settings(max_examples=40, deadline=None, derandomize=True)


@QUICK
@SEEDS
def test_solutions_are_right_and_their_edits_wrong(seed: int, steps: int) -> None:
    problem = draw_problem(np.random.default_rng(seed), steps, "+-*")
    assert all(0 <= value < 40 for value in problem.values)
    true = solve(problem)
    assert is_correct(problem, true)
    assert errors_of(problem, true) == []
    assert read_solution(true.text) == true
    for edit in edits_of(steps)[1:]:
        altered = solve(problem, edit)
        assert errors_of(problem, altered) == [steps if edit.kind == "final" else edit.step]


@pytest.mark.parametrize("name", perturbations.names)
def test_variants_are_solved_by_construction(name: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(30):
        problem = draw_problem(rng, 3)
        variant = perturb(name, problem, rng)
        assert variant.text != problem.text
        assert is_correct(variant, solve(variant))
        assert errors_of(variant, solve(variant)) == []
        assert (variant.answer is None) == (name == "critical_thinking")
        assert variant.answer is None or variant.answer >= 0
        assert read_solution(solve(variant).text).answer == variant.answer


def test_what_the_perturbations_do() -> None:
    rng = np.random.default_rng(1)
    problem = draw_problem(rng, 2)
    assert len(perturb("adding_operation", problem, rng).steps) == 3
    assert perturb("reversing_operation", problem, rng).answer == problem.start
    assert perturb("distractor_insertion", problem, rng).answer == problem.answer
    assert perturb("digit_expansion", problem, rng).start >= 10 * int(problem.start)
    converted = perturb("number_conversion", problem, rng)
    assert any(Fraction(n).denominator > 1 for n in (converted.start, *(s.amount for s in converted.steps)))
    with pytest.raises(BrigadeError, match="did you mean 'adding_operation'"):
        perturb("adding_operatoin", problem, rng)


def test_messages_say_solutions() -> None:
    for seed in range(20):
        solution = solve(draw_problem(np.random.default_rng(seed), 3))
        assert decode(encode(solution)) == solution


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("3 + 4 = 7", "expected a last line"),
        ("Answer: many", "is no number"),
        ("Answer: 1\n" + "x" * 5000, "more than 4000"),
    ],
)
def test_solutions_that_cannot_be_read(text: str, words: str) -> None:
    with pytest.raises(BrigadeError, match=words):
        read_solution(text)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"question": "How many?"}', "'answer' is missing"),
        ('{"answer": "#### 3"}', "'question' is missing"),
        ('{"question": "q", "answer": "three"}', "#### NUMBER"),
        ('{"question": "q", "answer": "<<3+4=8>>8\\n#### 8"}', "wrong working: 3.4 is 7"),
        ('{"question": "q", "answer": "<<3+4=7>>7\\n#### 9"}', "wrong answer: 9"),
        ('{"question": "2 and 3?", "answer": "#### 6"}', "wrong answer: 6 contradicts 5 on an earlier line"),
        ("{", "not valid JSON"),
    ],
)
def test_files_of_problems_are_checked_line_by_line(tmp_path: Path, line: str, words: str) -> None:
    file = tmp_path / "problems.jsonl"
    good = json.dumps({"question": "2 and 3?", "answer": "It is <<2+3=5>>5.\n#### 5"})
    file.write_text(f"{good}\n")
    assert read_problems(file)[0].answer == 5
    file.write_text(f"{good}\n{good}\n")
    assert len(read_problems(file)) == 1
    file.write_text(f"{good}\n\n{line}\n")
    with pytest.raises(ContentError, match=words) as caught:
        read_problems(file, "strict")
    assert caught.value.line == 3


@pytest.fixture(scope="module")
def kitchen() -> KitchenGame:
    game = make_game("kitchen")
    assert isinstance(game, KitchenGame)
    return game


def test_the_truth_of_claims_is_found_out_again(kitchen: KitchenGame) -> None:
    rng, truths = np.random.default_rng(0), []
    for i in range(24):
        moment = kitchen.draw(rng)
        message = kitchen.argue(moment, ("honest", "liar", "half_truth")[i % 3], True, rng)
        trace, reach = kitchen.trace(moment, message), kitchen.engine.reach(0, moment)
        truths.append(kitchen.correct(moment, message))
        assert truths[-1] == replayed(moment, kitchen.decode(message), trace, reach)
        passed = [kitchen.look(moment, message, q)[0] for q in range(len(kitchen.decode(message).checkpoints))]
        assert all(passed) == (i % 3 != 1)
    assert truths == [i % 3 == 0 for i in range(24)]


def test_claims_as_json(kitchen: KitchenGame) -> None:
    rng = np.random.default_rng(3)
    claim = kitchen.decode(kitchen.argue(kitchen.draw(rng), "honest", True, rng))
    assert read_claim(claim_json(claim, kitchen.kitchen), kitchen.kitchen, kitchen.words) == claim


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "servd"}, "did you mean 'served'"),
        ({"item": "lettuces"}, "did you mean 'lettuce'"),
        ({"by": 7}, "multiple of 5"),
        ({"plan": "cook"}, "plan is expected to be a list"),
        ({"plan": [[{"macro": "prepare(lettuce_soup)", "start": 0}]]}, "unknown action"),
        ({"plan": [[{"macro": "clear_counter()", "start": 99}]]}, "starts at 99"),
        ({"argument": "x" * 3000}, "longer than 2000"),
        ({"checkpoints": [{"at": [50, 0], "tick": 3, "item": "beef"}]}, "not a cell"),
        ({"checkpoints": [{"at": [0, 0], "tick": 3, "item": "beef"}] * 4}, "at most 3"),
    ],
)
def test_claims_that_do_not_parse(kitchen: KitchenGame, change: dict[str, Any], words: str) -> None:
    claim = {"kind": "served", "item": "BeefBurger", "by": 30, "plan": [[], []], "checkpoints": []}
    read_claim(claim, kitchen.kitchen, kitchen.words)
    with pytest.raises(BrigadeError, match=words):
        read_claim({**claim, **change}, kitchen.kitchen, kitchen.words)
    with pytest.raises(BrigadeError, match="expected an object"):
        read_claim("I will serve", kitchen.kitchen, kitchen.words)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7), ("1,200", 1200), ("$3", 3), ("-3.", -3), ("2.5", Fraction(5, 2)), ("5/2", Fraction(5, 2)),
        ("1e3000000000", None), ("9" * 50, None), ("5/0", None), ("seven", None), ("", None),
    ],
)  # fmt: skip
def test_numbers_are_read_as_they_are_written(text: str, number: Number | None) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize("value", [7, -3, Fraction(5, 2), Fraction("12345.75"), Fraction(-1, 8), Fraction(1, 3)])
def test_what_is_written_is_read_again(value: Number) -> None:
    assert read_number(write(value)) == value
    assert read_number(write(value, "fraction")) == value

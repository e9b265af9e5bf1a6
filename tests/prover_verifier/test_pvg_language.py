"""Games of language: problems from a user's own file, perturbed problems, and answers that cannot be used."""

from __future__ import annotations

import asyncio
import functools
import io
import json
import logging
import random
import sys
from collections.abc import Callable
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import brigade  # noqa: F401  # registers who can follow plans
from brigade.batch.folder.pvg_results import read_pvg_results
from brigade.dual_process import reasoners
from brigade.dual_process.llm.house import read_state
from brigade.dual_process.llm.protocol import Reply, Request
from brigade.dual_process.llm.server import HouseKnobs, HouseReasoner
from brigade.envs.content import ContentError
from brigade.envs.prover_verifier.arithmetic.files import read_problem_file, read_problems
from brigade.envs.prover_verifier.arithmetic.generate import draw_problem
from brigade.envs.prover_verifier.arithmetic.perturb import draw_pairs, is_chain, perturbations
from brigade.envs.prover_verifier.arithmetic.solution import Edit, Row, Solution, read_solution, solve
from brigade.envs.prover_verifier.arithmetic.working import rows_of, worked_out, wrong_lines, wrong_variants
from brigade.envs.prover_verifier.games.kitchen_game import VERIFIER_SEAT, KitchenGame
from brigade.envs.prover_verifier.kitchen.behaviours import claim_of
from brigade.envs.prover_verifier.kitchen.claims import read_claim
from brigade.envs.prover_verifier.protocol import PROTOCOLS, VERIFIER, find_protocol
from brigade.envs.registry import BrigadeError
from brigade.envs.text import taken
from brigade.experiments.prover_verifier import metrics
from brigade.experiments.prover_verifier.arithmetic import open_weights as arithmetic_open_weights
from brigade.experiments.prover_verifier.config import PvgConfig
from brigade.experiments.prover_verifier.language import house_players
from brigade.experiments.prover_verifier.language.dialogue import JUDGE, Conversation, Dialogue
from brigade.experiments.prover_verifier.language.language import EXAMPLES, figures_of, unchanged_figures
from brigade.experiments.prover_verifier.language.topics import KitchenMoment, Topic, WordProblem
from brigade.experiments.prover_verifier.outcome import Checkpoints
from brigade.experiments.prover_verifier.report.page import page
from brigade.experiments.prover_verifier.report.terminal import print_pvg_report
from brigade.experiments.prover_verifier.run import run_pvg

# Our own problems, in the form of GSM8K.
SAMPLE = [
    (
        "A cook slices 3 loaves into 8 pieces each. Guests eat half of them. How many pieces are left?",
        "There are 3*8=<<3*8=24>>24 pieces.\nHalf of them, 24/2=<<24/2=12>>12, are left.\n#### 12",
    ),
    (
        "A tray holds 16 eggs. Three crack and four are boiled. The rest sell at $2 each. What do they bring?",
        "16-3-4=<<16-3-4=9>>9 eggs are sold.\nThey bring 9*2=$<<9*2=18>>18.\n#### $18",
    ),
    (
        "100 grams of flour fill 3 cups. How many grams does a cup hold, to two places?",
        "A cup holds 100/3=<<100/3=33.33>>33.33 grams.\n#### 33.33",
    ),
    (
        "A stove burns 1.5 litres of gas an hour, from 11 to 3 o'clock. A canister holds 1,000 litres. What remains?",
        "It burns (12-11+3)*1.5=<<(12-11+3)*1.5=6>>6 litres.\n1,000-6=<<1000-6=994>>994 remain.\n#### 994",
    ),
    ("Two chefs chop, one watches. How many are there?", "Two and one make three.\n#### 3"),
]
MARKED = 4  # problems whose working marks steps


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    return written(tmp_path / "problems.jsonl", SAMPLE)


def written(path: Path, problems: list[tuple[str, str]]) -> Path:
    lines = (json.dumps({"question": question, "answer": answer}) for question, answer in problems)
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def run(folder: Path, name: str, *changes: str) -> list[dict[str, Any]]:
    config = PvgConfig.load(name, ["ray.workers=0", f"out={folder}", "seeds=1", *changes])
    run_pvg(config, Console(file=io.StringIO()))
    return read_pvg_results(folder)[1:]


def test_marked_steps_are_parsed_not_evaluated() -> None:
    assert [rows for _, rows in rows_of("<<16-3-4=9>>9 and <<2*(3+.5)=7>>")] == [
        [Row(16, "-", 3, 13), Row(13, "-", 4, 9)],
        [Row(3, "+", Fraction(1, 2), Fraction(7, 2)), Row(2, "*", Fraction(7, 2), 7)],
    ]
    for text in ("__import__('os')", "1e9", "2**9", "1/0", "3+", "(" * 60 + "1", "5"):
        assert [rows for _, rows in rows_of(f"<<{text}=3>>")] == [[]]
    assert worked_out(Row(100, "/", 3, Fraction(3333, 100)))
    assert not worked_out(Row(100, "/", 3, 35))
    assert not worked_out(Row(3, "+", 4, 8))


def test_what_is_altered_carries_through(sample: Path) -> None:
    for problem in read_problems(sample):
        variants = wrong_variants(problem.reference)
        assert variants
        assert all(wrong_lines(variant, problem.answer) for variant in variants)
        assert wrong_lines(problem.reference, problem.answer) == []
    first = read_problems(sample)[0].reference
    slipped = Solution((Row(3, "*", 8, 25), Row(25, "/", 2, Fraction(25, 2))), Fraction(25, 2))
    assert slipped in wrong_variants(first)


@pytest.mark.parametrize("protocol", [name for name, table in PROTOCOLS.items() if not table.looks])
def test_problems_of_a_file_are_played_and_replayed(
    tmp_path: Path, sample: Path, protocol: str, caplog: pytest.LogCaptureFixture
) -> None:
    exact = ("settings.prover={quality: 1.0}", "settings.verifier={quality: 1.0}")
    changes = (f"settings.problems={sample}", f"vary.protocol=[{protocol}]", "settings.rounds=1", *exact)
    played = run(tmp_path / "run", "arithmetic_llm", *changes)
    again = run(tmp_path / "again", "arithmetic_llm", *changes, f"replay={tmp_path / 'run'}")
    assert again == [{**seed, "replayed": True} for seed in played]
    figures = played[0]["figures"]
    assert figures["problems without marked steps"] == len(SAMPLE) - MARKED
    assert "1 of 5 problems mark no steps" in caplog.text
    assert {entry["problem"] for entry in played[0]["transcripts"]} <= {question for question, _ in SAMPLE}
    if protocol in ("adp", "nip", "pvd"):
        assert (figures["helpful correct"], figures["sneaky correct"]) == (1.0, 0.0)
        assert figures["completeness"] == pytest.approx(MARKED / len(SAMPLE))  # a bare answer convinces nobody
        assert figures["fool rate"] == 0
        wrong = [entry["wrong_lines"] for entry in played[0]["transcripts"] if not entry["correct"]]
        assert wrong
        assert all(wrong)


def test_no_problem_of_a_file_is_in_two_rounds(tmp_path: Path, sample: Path) -> None:
    changes = (f"settings.problems={sample}", "vary.protocol=[adp]", "settings.rounds=2")
    (played,) = run(tmp_path / "run", "arithmetic_llm", *changes)
    rounds = [{e["problem"] for e in played["transcripts"] if e["round"] == number} for number in (0, 1)]
    assert [len(problems) for problems in rounds] == [3, 2]
    assert not rounds[0] & rounds[1]
    with pytest.raises(BrigadeError, match="5 problems are too few for 6 rounds"):
        run(tmp_path / "more", "arithmetic_llm", *changes[:2], "settings.rounds=6")


def test_a_file_with_a_bad_line_is_refused_and_nothing_is_lost(tmp_path: Path, sample: Path) -> None:
    changes = (f"settings.problems={sample}", "vary.protocol=[adp]")
    run(tmp_path / "run", "arithmetic_llm", *changes)
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    with sample.open("a", encoding="utf-8") as file:
        file.write('\n{"question": "How many?", "answer": "<<2+2=5>>5\\n#### 5"}\n')
    with pytest.raises(BrigadeError, match=r"problems\.jsonl:6: wrong working: 2\+2 is 4, not 5"):
        run(tmp_path / "run", "arithmetic_llm", *changes, "settings.check=strict")
    assert {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("working", "told"),
    [
        ("4+3=<<4+3=7>>7\n#### 3", "wrong answer: 3 is not what the working comes to"),
        ("4+3=<<4+3=7>>7\n7+2=<<7+2=9>>9\n#### 7", "wrong answer: 7 is not what the working comes to"),
        ("4 plus 3 is 7, so she has 7.\n#### 9", "wrong answer: 9 is not among the numbers of the working"),
    ],
)
def test_every_line_with_a_wrong_answer_is_named(tmp_path: Path, working: str, told: str) -> None:
    right = [
        ("Half of 300?", "300/2=<<300/2=150>>150. 60 of 150 are 40%\n#### 40"),  # the last step is in words
        ("How old?", "Two and one make three.\n#### 3"),
        ("Which?", "It is 2, as 5 - 3 is.\n#### 2"),
    ]
    assert [problem.answer for problem in read_problems(written(tmp_path / "right.jsonl", right))] == [40, 3, 2]
    path = written(tmp_path / "wrong.jsonl", [right[0], ("One?", working), right[1], ("Another?", working)])
    with pytest.raises(BrigadeError) as caught:
        read_problems(path, "strict")
    assert str(caught.value) == f"{path}:2: {told} (and something in 1 more: lines 4)"
    found = read_problem_file(path)
    assert [problem.text for problem in found.problems] == [right[0][0], "One?", right[1][0], "Another?"]
    assert found.doubted == {2: told, 4: told}
    assert [bool(problem.doubt) for problem in found.problems] == [False, True, False, True]
    assert found.problems[1].rows == (), "what does not come to the answer is no working of it"
    assert found.notes == [f"{path}: 2 of its lines used, though in doubt: {told} (lines 2, 4)"]
    dropped = read_problem_file(path, "drop")
    assert [problem.text for problem in dropped.problems] == [right[0][0], right[1][0]]
    assert dropped.left_out == found.doubted


PLUS = {"perturbation_type": "digit expansion", "seed_question": "s", "seed_solution": "s\n#### 1", "seed_answer": "1"}


def test_both_forms_in_one_file(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [
        {"question": "One?", "answer": "1+1=<<1+1=2>>2\n#### 2"},
        {**PLUS, "question": "Two?", "solution": "4 * 5 = 20.\nSo it is 20 / 6 = 3.33\n#### 3.33", "answer": "3.33"},
        {**PLUS, "question": "Three?", "solution": "We don't know.\n#### None", "answer": "None"},
        {"question": "Four?", "answer": "Nobody knows.\n#### None"},
        {**PLUS, "question": "Five?", "solution": "3+4=<<3+4=7>>7", "answer": "7"},
        {**PLUS, "question": "Six?", "solution": "It is $1,250.50.", "answer": "$1,250.50"},
        {"question": "One?", "answer": "1+1=<<1+1=2>>2\n#### 2"},
        {"question": "One?", "answer": "1+2=<<1+2=3>>3\n#### 3"},
    ]
    path = tmp_path / "mixed.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = read_problem_file(path)
    assert [(problem.text, float(problem.answer)) for problem in found.problems] == [
        ("One?", 2), ("Two?", 3.33), ("Five?", 7), ("Six?", 1250.5),
    ]  # fmt: skip
    assert set(found.left_out) == {3, 4, 8}
    assert "contradicts 2 on an earlier line" in found.left_out[8]
    assert found.again == [7]
    with pytest.raises(BrigadeError, match=r"mixed\.jsonl:3: it has no answer \(and something in 2 more: lines 4, 8\)"):
        read_problem_file(path, "strict")


def test_a_file_of_what_cannot_be_answered_says_so(tmp_path: Path) -> None:
    path = tmp_path / "none.jsonl"
    path.write_text(json.dumps({"question": "q", "solution": "s", "answer": "None"}) + "\n")
    with pytest.raises(BrigadeError, match="holds no problems; 1 of its lines left out: it has no answer"):
        read_problem_file(path)


def test_of_lines_that_contradict_each_other_the_one_without_doubt_is_used(tmp_path: Path) -> None:
    lines = [("One?", "1+1=<<1+1=3>>3\n#### 3"), ("One?", "1+1=<<1+1=2>>2\n#### 2"), ("One?", "<<1+3=4>>4\n#### 4")]
    path = written(tmp_path / "p.jsonl", lines)
    found = read_problem_file(path)
    assert [problem.answer for problem in found.problems] == [2]
    assert found.doubted == {}
    assert set(found.left_out) == {1, 3}
    assert "line 2 has 2" in found.left_out[1]


@pytest.mark.parametrize("line", ["[1, 2]", "{", '{"question": "q"}', '{"question": "q", "answer": "many"}'])
def test_what_is_no_problem_refuses_the_file_unless_it_is_dropped(tmp_path: Path, line: str) -> None:
    path = tmp_path / "damaged.jsonl"
    path.write_text(json.dumps({"question": "q", "answer": "#### 3"}) + f"\n{line}\n")
    with pytest.raises(BrigadeError, match=r"damaged\.jsonl:2: "):
        read_problem_file(path)
    assert len(read_problem_file(path, "drop").problems) == 1


SHIPPED = Path(__file__).parents[3] / "shared" / "reference" / "problems"


@pytest.mark.skipif(not SHIPPED.exists(), reason="the published files are not here")
@pytest.mark.parametrize(("name", "least", "field"), [("gsm8k_100", 98, "answer"), ("gsm_plus_160", 140, "solution")])
def test_published_files_are_read_as_shipped(name: str, least: int, field: str) -> None:
    lines = [json.loads(line) for line in (SHIPPED / f"{name}.jsonl").read_text("utf-8").splitlines()]
    right = {}
    for line in lines:  # a parser of the test's own
        last = line[field].rsplit("#### ", 1)[-1].strip().replace(",", "").replace("$", "").rstrip(".%")
        if last != "None":
            right[line["question"].strip()] = float(Fraction(last))
    found = read_problem_file(SHIPPED / f"{name}.jsonl")
    assert len(found.problems) >= least
    assert all(float(problem.answer) == pytest.approx(right[problem.text]) for problem in found.problems)
    assert len(found.problems) + len(found.left_out) + len(found.again) == len(lines)


def test_a_run_is_not_gone_on_with_about_other_problems(tmp_path: Path, sample: Path) -> None:
    changes = (f"settings.problems={sample}", "vary.protocol=[adp]")
    first = run(tmp_path / "run", "arithmetic_llm", *changes)
    assert run(tmp_path / "run", "arithmetic_llm", *changes) == first
    with sample.open("a", encoding="utf-8") as file:
        file.write('\n{"question": "How many?", "answer": "<<2+2=4>>4\\n#### 4"}\n')
    with pytest.raises(BrigadeError, match=r"problems\.jsonl has changed since it was read for the results in"):
        run(tmp_path / "run", "arithmetic_llm", *changes, "seeds=[0,1,2]")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"question": "q", "answer": "#### 1e9999999"}', "#### NUMBER"),
        ('{"question": "q", "answer": "<<16-3-4=8>>8\\n#### 8"}', "16-3-4 is 9, not 8"),
        ("[" * 100_000, "not valid JSON"),
        ("[1, 2]", "expected an object"),
        ('{"question": "q\u2028", "answer": "3"}', "#### NUMBER"),
    ],
)
def test_lines_that_cannot_be_read(tmp_path: Path, line: str, words: str) -> None:
    file = tmp_path / "problems.jsonl"
    file.write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(ContentError, match=words) as caught:
        read_problems(file, "strict")
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (("settings.problems=0",), "at least 1 problem"),
        (("settings.problems=nowhere.jsonl",), "nowhere.jsonl: cannot be read"),
        (("settings.perturbations=[adding]",), "unknown perturbation"),
    ],
)
def test_settings_that_cannot_be(changes: tuple[str, ...], words: str) -> None:
    with pytest.raises(BrigadeError) as caught:
        PvgConfig.load("arithmetic_llm", changes)
    assert words in str(caught.value)


def test_problems_of_a_file_cannot_be_perturbed(sample: Path) -> None:
    with pytest.raises(BrigadeError, match="cannot be perturbed"):
        PvgConfig.load("arithmetic_perturbed", [f"settings.problems={sample}"])


def test_drop_rates_by_hand() -> None:
    accuracy = {"original": 0.8, "worse": 0.6, "same": 0.8, "better": 1.0, "lost": 0.0, "unknown": None}
    rates = metrics.drop_rates(accuracy, "original")
    assert rates.pop("unknown") is None
    assert rates == pytest.approx({"original": 0.0, "worse": 0.25, "same": 0.0, "better": -0.25, "lost": 1.0})
    assert metrics.drop_rates({"original": 0.0, "other": 0.5}, "original") == {"original": None, "other": None}


def test_perturbed_problems_have_a_table(tmp_path: Path) -> None:
    exact = ("settings.prover={quality: 1.0}", "settings.verifier={quality: 1.0}")
    (played,) = run(tmp_path / "run", "arithmetic_perturbed", "settings.problems=3", *exact)
    table = played["tables"]["by perturbation"]
    assert list(table) == ["original", *perturbations.names]
    sides = {"prover accuracy": 1.0, "verifier accuracy": 1.0, "prover drop rate": 0.0, "verifier drop rate": 0.0}
    rates = {"completeness": 1.0, "correct accepted": 1.0, "fool rate": 0.0}
    assert all(row == {**sides, **rates} for row in table.values())
    printed = io.StringIO()
    print_pvg_report(tmp_path / "run", Console(file=printed, width=200))
    assert "critical_thinking" in printed.getvalue()
    (given,) = run(tmp_path / "given", "arithmetic_perturbed", "settings.problems=3", "settings.protocol=debate")
    assert all(row["prover accuracy"] is None for row in given["tables"]["by perturbation"].values())


def test_pairs_of_chains() -> None:
    pairs = draw_pairs(np.random.default_rng(0), 40)
    kinds = ["numerical_substitution", "adding_operation", "problem_understanding", "distractor_insertion"]
    assert [pair.kind for pair in pairs] == kinds * 10  # with one digit more nothing is left below 40
    assert all(is_chain(pair.original) and is_chain(pair.perturbed) for pair in pairs)
    assert all(pair.original.text != pair.perturbed.text for pair in pairs)
    assert all(len(pair.perturbed.steps) == 2 + (pair.kind == "adding_operation") for pair in pairs)
    wide = draw_pairs(np.random.default_rng(0), 5, limit=100, kinds=["digit_expansion"])
    assert all(50 <= int(pair.perturbed.start) < 100 for pair in wide)
    with pytest.raises(BrigadeError, match="'critical_thinking' leaves no chain"):
        draw_pairs(np.random.default_rng(0), 1, kinds=["critical_thinking"])


Answer = Callable[[dict[str, Any]], Any]  # what is sent instead of house's answer


def altered(monkeypatch: pytest.MonkeyPatch, prove: Answer | None, judge: Answer | None = None) -> None:
    """Let the models of a run answer otherwise than house; everything else of the run is as it is."""
    house = house_players.answer

    def answer(messages: Any, purpose: str, schema: Any, rng: Any, **options: Any) -> str:
        said = json.loads(house(messages, purpose, schema, rng, **options))
        change = judge if purpose == JUDGE else prove
        changed = said if change is None else change(said)
        return changed if isinstance(changed, str) else json.dumps(changed)

    monkeypatch.setattr(house_players, "answer", answer)


def played_with(folder: Path, name: str, protocol: str = "adp") -> dict[str, Any]:
    small = ("settings.problems=2", f"vary.protocol=[{protocol}]")
    changes = (*small, *(("settings.rounds=1", "settings.best_of=1") if name == "arithmetic_llm" else ()))
    return run(folder, name, *changes)[0]


def with_plan(said: dict[str, Any]) -> Any:
    steps = [{"macro": "prepare(lettuce_soup)", "start": 0}]
    return {"claim": {**said["claim"], "plan": [steps, []]}}


@pytest.mark.parametrize(
    ("name", "prove", "words"),
    [
        ("kitchen_llm", lambda said: "I will serve soup.", "no JSON object"),
        ("kitchen_llm", lambda said: {"claim": "soup"}, "expected an object"),
        ("kitchen_llm", lambda said: {"text": "soup"}, "expected an object"),
        ("kitchen_llm", lambda said: {"claim": {**said["claim"], "kind": "servd"}}, "did you mean 'served'"),
        ("kitchen_llm", with_plan, "unknown action"),
        ("kitchen_llm", lambda said: {"claim": {**said["claim"], "argument": "x" * 3000}}, "longer than 2000"),
        ("arithmetic_llm", lambda said: "It is 7.", "no JSON object"),
        ("arithmetic_llm", lambda said: {"text": "It is 7."}, "expected a last line"),
        ("arithmetic_llm", lambda said: {"text": "Answer: a few"}, "is no number"),
        ("arithmetic_llm", lambda said: {"text": "x" * 5000 + "\nAnswer: 7"}, "more than 4000"),
        ("arithmetic_llm", lambda said: {"text": ["7"]}, "expected a last line"),
    ],
)
def test_statements_that_cannot_be_used_are_false(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    name: str, prove: Answer, words: str,
) -> None:  # fmt: skip
    altered(monkeypatch, prove)
    with caplog.at_level(logging.WARNING):
        played = played_with(tmp_path / "run", name)
    assert words in caplog.text
    figures = played["figures"]
    assert (figures["helpful correct"], figures["sneaky correct"]) == (0.0, 0.0)
    assert figures["answers that could not be used"] >= 4
    assert all(len(line["text"]) < 4100 for entry in played["transcripts"] for line in entry["talk"])


@pytest.mark.parametrize("name", ["arithmetic_llm", "kitchen_llm"])
@pytest.mark.parametrize(
    ("judge", "words"),
    [
        (lambda said: {**said, "verdict": "maybe"}, "verdict 'maybe'; this counts as a rejection"),
        (lambda said: {**said, "verdict": ["accept"]}, "this counts as a rejection"),
        (lambda said: {**said, "verdict": "ACCEPT "}, "this counts as a rejection"),
        (lambda said: {**said, "verdict": "ask"}, "'ask' with no question left; this counts as a rejection"),
        (lambda said: "Yes, I think so.", "this counts as a rejection"),
        (lambda said: {}, "verdict 'None'; this counts as a rejection"),
    ],
)
def test_a_verdict_that_is_neither_yes_nor_no_is_a_rejection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
    name: str, judge: Answer, words: str,
) -> None:  # fmt: skip
    altered(monkeypatch, None, judge)
    with caplog.at_level(logging.WARNING):
        figures = played_with(tmp_path / "run", name)["figures"]
    assert words in caplog.text
    assert (figures["completeness"], figures["fool rate"]) == (0.0, 0.0)
    assert figures["answers that could not be used"] == 4


class Lines:
    """A model that says some things one after the other, and then the last one again."""

    def __init__(self, *said: Any):
        self.said = [each if isinstance(each, str) else json.dumps(each) for each in said]
        self.heard: list[Any] = []  # what was talked before each answer

    async def ask(self, request: Request) -> Reply:
        self.heard.append(read_state(request.messages)["talk"])
        return Reply(self.said[min(len(self.heard), len(self.said)) - 1], 0, 0, 0.0, "lines")

    async def close(self) -> None:
        pass


CHALLENGE, ACCEPTED = ({"verdict": verdict, "confidence": 1, "question": "Why?"} for verdict in ("ask", "accept"))


def talked(topic: Topic, protocol: str, prover: Lines, verifier: Lines, role: str = "sneaky") -> Dialogue:
    rng = np.random.default_rng(0)
    return asyncio.run(Conversation(topic, find_protocol(protocol), prover, verifier, role, rng).play())  # type: ignore[arg-type]


def kitchen_topic(given: bool = False) -> KitchenMoment:
    game, rng = KitchenGame(), np.random.default_rng(0)
    moment = game.draw(rng)
    claim = claim_of(game.engine, moment, "honest", game.engine.reach(VERIFIER_SEAT, moment), rng)
    return KitchenMoment(game, moment, claim if given else None, rng)


def word_topic(given: bool = False) -> WordProblem:
    problem = draw_problem(np.random.default_rng(0), 2)
    return WordProblem(problem, solve(problem) if given else None)


def largest_claim(topic: KitchenMoment, argument: str) -> dict[str, Any]:
    """An allowed claim with as much in it as there may be."""
    game = topic.game
    step = {"macro": max(game.words, key=len), "start": 59}
    point = {"at": [game.kitchen.width - 1, game.kitchen.height - 1], "tick": 60, "item": max(game.items, key=len)}
    plan = [[step] * 6] * game.kitchen.chefs
    return {**topic.prover_state()["in_time"], "plan": plan, "checkpoints": [point] * 3, "argument": argument}


@pytest.mark.parametrize("argument", ["x" * 2000, "\u00e9\U0001f372" * 1000, "\u0001" * 2000, '"' * 2000])
def test_the_verifier_is_told_the_whole_claim(argument: str) -> None:
    topic = kitchen_topic()
    claim = largest_claim(topic, argument)
    verifier = Lines(ACCEPTED)
    dialogue = talked(topic, "adp", Lines({"claim": claim}), verifier)
    (told,) = verifier.heard[0]
    claim["argument"] = taken(argument)
    assert json.loads(told["text"]) == claim
    assert read_claim(json.loads(told["text"]), topic.game.kitchen, topic.game.words) == topic.claim
    assert dialogue.unreadable == 0


def test_the_verifier_is_told_the_claim_that_was_read() -> None:
    topic = kitchen_topic()
    claim = {"kind": "in_reach", "item": "beef", "by": 30, "plan": [["clear_counter()"]]}
    twice = json.dumps({"claim": claim}).replace('"by": 30', '"by": 5, "by": 30')
    verifier = Lines(ACCEPTED)
    talked(topic, "adp", Lines(twice), verifier)
    plan = [[{"macro": "clear_counter()", "start": 0}], []]
    assert json.loads(verifier.heard[0][0]["text"]) == {**claim, "plan": plan, "checkpoints": [], "argument": ""}


@pytest.mark.parametrize(
    "later",
    [
        "I take it back.", {"text": "It is so."}, {"claim": {"kind": "served"}}, {"claim": "soup"},
        {"claim": {"kind": "in_reach", "item": "beef", "by": 5, "plan": [], "note": "now"}},
    ],
)  # fmt: skip
def test_a_claim_that_cannot_be_used_is_not_told(later: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The statement that stands is the last one that could be read, and no other is ever shown."""
    topic = kitchen_topic()
    first = topic.prover_state()["in_time"]
    verifier = Lines(CHALLENGE, ACCEPTED)
    dialogue = talked(topic, "pvd", Lines({"claim": first}, later), verifier)
    texts = [line["text"] for line in verifier.heard[-1] if line["speaker"] == "prover"]
    assert [json.loads(texts[0]), *texts[1:]] == [first, ""]
    assert (dialogue.accept, dialogue.truth, dialogue.changed, dialogue.unreadable) == (True, True, False, 1)
    assert topic.claim == read_claim(first, topic.game.kitchen, topic.game.words)
    assert "prover: answer cannot be used" in caplog.text
    if isinstance(later, dict) and isinstance(later.get("claim"), dict):
        assert not talked(kitchen_topic(), "adp", Lines(later), Lines(ACCEPTED)).truth


def test_a_solution_that_is_too_long_is_not_told() -> None:
    topic, verifier = word_topic(), Lines(CHALLENGE, ACCEPTED)
    right = solve(topic.problem).text  # type: ignore[arg-type]
    long = "Answer: 99999\n" + "x" * 4000
    dialogue = talked(topic, "pvd", Lines({"text": right}, {"text": long}), verifier)
    assert [line["text"] for line in verifier.heard[-1]] == [right, "Why?", ""]
    assert (dialogue.truth, dialogue.unreadable) == (True, 1)
    given, verifier = word_topic(given=True), Lines(ACCEPTED)
    dialogue = talked(given, "debate", Lines({"text": long}), verifier)
    assert [line["text"] for line in verifier.heard[-1]] == [long[:4000]] * 4
    assert dialogue.unreadable == 0


def house_talk(protocol: str, seed: int, wrong: bool) -> Dialogue:
    rng = np.random.default_rng(seed)
    problem = draw_problem(rng, 3)
    given = solve(problem, Edit("slip", int(rng.integers(3)), 1) if wrong else Edit("none"))
    reply = functools.partial(house_players.answer, quality=1.0)
    both = [HouseReasoner(reply, HouseKnobs(seed=seed)) for _ in "12"]
    talk = Conversation(WordProblem(problem, given), find_protocol(protocol), *both, "nature", rng)
    return asyncio.run(talk.play())


@pytest.mark.parametrize("protocol", ["debate", "debate_drawn", "debate_at_once", "debate_asked"])
def test_house_judges_a_debate_by_what_both_show(protocol: str) -> None:
    """Of 40 solutions: those that are right are accepted, those with a slip are not."""
    assert all(house_talk(protocol, seed, wrong=False).accept for seed in range(20))
    assert not any(house_talk(protocol, seed, wrong=True).accept for seed in range(20))


@pytest.mark.skipif(not SHIPPED.exists(), reason="the published files are not here")
def test_house_upholds_what_a_file_marks_in_debates_as_alone() -> None:
    problems = [each for each in read_problems(SHIPPED / "gsm8k_100.jsonl") if each.rows][:30]
    known = {problem.text: problem.reference for problem in problems}
    reply = functools.partial(house_players.answer, quality=1.0, known=known)
    accepted = {}
    for protocol in ("adp", "debate", "mnip"):
        accepted[protocol] = 0
        for seed, problem in enumerate(problems):
            both = [HouseReasoner(reply, HouseKnobs(seed=seed)) for _ in "12"]
            role, given = ("helpful", None) if protocol == "adp" else ("nature", problem.reference)
            topic, rng = WordProblem(problem, given), np.random.default_rng(seed)
            talk = Conversation(topic, find_protocol(protocol), *both, role, rng)
            accepted[protocol] += asyncio.run(talk.play()).accept
    assert accepted["adp"] >= 20
    assert min(accepted["debate"], accepted["mnip"]) >= accepted["adp"] - 3


def test_who_begins_a_debate_is_drawn_where_the_protocol_says_so() -> None:
    firsts = {name: [house_talk(name, seed, False).lines[0].speaker for seed in range(30)] for name in
              ("debate", "debate_drawn", "debate_asked")}  # fmt: skip
    assert set(firsts["debate"]) == {"prover_0"}
    for name in ("debate_drawn", "debate_asked"):
        assert 5 < firsts[name].count("prover_0") < 25
    for seed in range(10):  # and each still wants what it wants
        texts = {line.speaker: line.text for line in house_talk("debate_drawn", seed, False).lines}
        assert texts["prover_0"].startswith("Look at line")
        assert not texts["prover_1"].startswith("Look at line")


def test_who_speaks_at_once_does_not_hear_the_other() -> None:
    topic, verifier, prover = word_topic(given=True), Lines(ACCEPTED), Lines({"text": "one"}, {"text": "two"})
    talked(topic, "debate_at_once", prover, verifier)
    assert prover.heard == [[], []]
    assert [line["text"] for line in verifier.heard[-1]] == ["one", "two"]


def test_both_answer_who_asks_in_a_debate() -> None:
    topic, verifier = word_topic(given=True), Lines(CHALLENGE, ACCEPTED)
    dialogue = talked(topic, "debate_asked", Lines({"text": "said"}), verifier)
    assert [line.speaker for line in dialogue.lines].count(VERIFIER) == 1
    assert {line.speaker for line in dialogue.lines[3:]} == {"prover_0", "prover_1"}
    assert dialogue.questions == 1


def test_house_goes_by_the_claim_that_stands() -> None:
    said = {"role": "user", "talk": [{"speaker": "prover", "text": ""}], "near": [], "reach": [], "may_ask": 0}
    topic = kitchen_topic()
    claim = json.dumps(topic.prover_state()["in_time"])
    for texts, verdict in (([claim, ""], "accept"), ([""], "reject")):
        state = {**said, "talk": [{"speaker": "prover", "text": text} for text in texts]}
        prompt = (("user", f"```json\n{json.dumps(state)}\n```"),)
        answer = house_players.answer(prompt, JUDGE, None, random.Random(0), quality=1.0)
        assert json.loads(answer)["verdict"] == verdict


@pytest.mark.parametrize("text", ["5+5=" * 1000, "5+5=" * 995 + " so y", "1+" * 1999, "=" * 3000 + "+" * 900])
def test_long_lines_are_read_at_once(text: str) -> None:
    """As a model that repeats itself writes them."""
    assert read_solution(f"{text}\n5 + 5 = 10\nAnswer: 7"[-4000:]).answer == 7
    with pytest.raises(BrigadeError, match="expected a last line"):
        read_solution(text)


@pytest.mark.parametrize("half", ["\\ud83d", "\ud83d"])
@pytest.mark.parametrize("name", ["arithmetic_llm", "kitchen_llm"])
def test_half_a_character_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, half: str) -> None:
    """Escaped or not, it would get into prompts, results and pages, none of which could then be written."""

    def prove(said: dict[str, Any]) -> str:
        if "claim" in said:
            said["claim"]["argument"] = "HALF"
        return json.dumps({**said, "text": f"HALF\n{said['text']}"}).replace("HALF", half)

    altered(monkeypatch, prove, lambda said: json.dumps({**said, "question": "HALF"}).replace("HALF", half))
    played = played_with(tmp_path / "run", name, "pvd")
    dialogue = "".join(line["text"] for line in played["transcripts"][0]["talk"])
    assert "\ufffd" in dialogue
    assert not any("\ud800" <= letter <= "\udfff" for letter in dialogue)
    page(tmp_path / "run").encode()


def test_where_nature_states_no_prover_has_a_role(tmp_path: Path) -> None:
    for protocol, roles in (("debate", {"nature"}), ("solo", {"nature"}), ("adp", {"helpful", "sneaky"})):
        played = played_with(tmp_path / protocol, "arithmetic_llm", protocol)
        assert {entry["role"] for entry in played["transcripts"]} == roles
        assert played["transcripts"][0]["role"] in page(tmp_path / protocol)


def test_no_two_purposes_share_random_numbers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keys that differ in zeros at the end only give the same numbers."""
    keys: dict[tuple[int, ...], set[str]] = {}
    make = np.random.default_rng

    def noted(key: Any = None) -> np.random.Generator:
        purpose = sys._getframe(1).f_code.co_name
        numbers = [key] if isinstance(key, int) else list(key)
        while numbers and numbers[-1] == 0:
            numbers.pop()
        keys.setdefault(tuple(numbers), set()).add(purpose)
        return make(key)

    monkeypatch.setattr(np.random, "default_rng", noted)
    for name in ("arithmetic_llm", "kitchen_llm"):
        played_with(tmp_path / name, name, "merlin_arthur")
    assert all(len(purposes) == 1 for purposes in keys.values())
    assert set().union(*keys.values()) >= {"make", "_best"}


Change = Callable[[dict[str, Any], dict[str, Any], str], dict[str, Any]]  # from what house says, state, and prompt


def overheard(monkeypatch: pytest.MonkeyPatch, judge: Change, prove: Change = lambda said, state, prompt: said) -> None:
    """As `altered`, by what was asked."""
    house = house_players.answer

    def answer(messages: Any, purpose: str, schema: Any, rng: Any, **options: Any) -> str:
        said = json.loads(house(messages, purpose, schema, rng, **options))
        prompt = messages[-1][1]
        return json.dumps((judge if purpose == JUDGE else prove)(said, read_state(messages), prompt))

    monkeypatch.setattr(house_players, "answer", answer)


def test_a_verifier_is_shown_what_fooled_it_in_earlier_rounds_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[tuple[str, list[str]]] = []  # the problem of every verdict, and the examples beside it

    def judge(said: dict[str, Any], state: dict[str, Any], prompt: str) -> dict[str, Any]:
        _, *examples = prompt.split("```json")[0].split("This looked right once and was wrong:\n")
        shown.append((state["problem"], examples))
        return {**said, "verdict": "accept"}

    overheard(monkeypatch, judge)
    small = ("settings.problems=2", "settings.rounds=3", "settings.perturbations=[digit_expansion]")
    run(tmp_path / "run", "arithmetic_perturbed", *small)
    rounds = [shown[at : at + 8] for at in (0, 8, 16)]  # two problems in two forms by two roles
    problems = [{problem for problem, _ in verdicts} for verdicts in rounds]
    assert len(shown) == 24
    assert all(examples == [] for _, examples in rounds[0])
    for number in (1, 2):
        earlier = set[str]().union(*problems[:number])
        for _, examples in rounds[number]:
            assert len(examples) == EXAMPLES
            for example in examples:
                about, statement = example.strip().split("\n", 1)
                assert json.loads(about)["problem"] in earlier - problems[number]
                assert statement.splitlines()[-1].startswith("Answer: ")


def talk_of(role: str, truth: bool, accept: bool, changed: bool = False) -> Dialogue:
    return Dialogue(accept, 0.8 if accept else 0.3, truth, role, changed=changed)


def test_figures_by_hand_go_by_role() -> None:
    talks = [
        talk_of("helpful", True, True), talk_of("sneaky", False, False),
        talk_of("helpful", True, False), talk_of("sneaky", False, True),
        talk_of("helpful", False, True), talk_of("sneaky", True, True),
        talk_of("helpful", True, True), talk_of("sneaky", False, False),
    ]  # fmt: skip
    figures = figures_of(talks)
    expected = {
        "completeness": 2 / 4, "correct accepted": 2 / 3, "fool rate": 1 / 3, "always failed": 1 / 4,
        "verifier accuracy": 5 / 8, "verifier accuracy, helpful": 2 / 4, "verifier accuracy, sneaky": 3 / 4,
        "helpful correct": 3 / 4, "sneaky correct": 1 / 4,
        "convincingness gap": (0.8 + 0.3 + 0.8) / 3 - (0.3 + 0.8 + 0.3) / 3,
    }  # fmt: skip
    assert {name: figures[name] for name in expected} == pytest.approx(expected)
    given = figures_of(talks, ())
    assert (given["completeness"], given["correct accepted"]) == pytest.approx((3 / 4, 3 / 4))
    assert given["fool rate"] == pytest.approx(2 / 4)
    assert not {"verifier accuracy, helpful", "helpful correct", "always failed"} & given.keys()


def test_a_table_of_perturbed_problems_goes_by_role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A helpful prover who is always wrong and believed makes no sneaky one fool anybody."""

    def prove(said: dict[str, Any], state: dict[str, Any], prompt: str) -> dict[str, Any]:
        return {"text": f"Believe me.\n{said['text']}" if state["goal"] == "sneaky" else said["text"]}

    def judge(said: dict[str, Any], state: dict[str, Any], prompt: str) -> dict[str, Any]:
        return {**said, "verdict": "reject" if "Believe me." in state["talk"][0]["text"] else "accept"}

    overheard(monkeypatch, judge, prove)
    (played,) = run(tmp_path / "run", "arithmetic_perturbed", "settings.problems=3", "settings.prover={quality: 0.0}")
    for row in played["tables"]["by perturbation"].values():
        assert (row["completeness"], row["correct accepted"], row["fool rate"]) == (0.0, None, 0.0)


def test_the_best_of_several_is_judged_once_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    verdicts: list[str] = []

    def judge(said: dict[str, Any], state: dict[str, Any], prompt: str) -> dict[str, Any]:
        verdicts.append("reject" if len(verdicts) % 5 == 4 else "accept")
        return {**said, "verdict": verdicts[-1]}

    overheard(monkeypatch, judge)
    changes = ("vary.protocol=[adp]", "settings.problems=4", "settings.rounds=1", "settings.best_of=3")
    (played,) = run(tmp_path / "run", "arithmetic_llm", *changes)
    assert len(verdicts) == 4 * (1 + 3 + 1)
    assert played["figures"]["fool rate"] == 0.0
    assert played["figures"]["verifier accuracy, sneaky"] == 1.0


@pytest.mark.parametrize("changes_its_answer", [False, True])
def test_deliberation_tells_what_was_accepted_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes_its_answer: bool
) -> None:
    def judge(said: dict[str, Any], state: dict[str, Any], prompt: str) -> dict[str, Any]:
        asked = any(line["speaker"] == "verifier" for line in state["talk"])
        return {"verdict": "accept" if asked else "ask", "confidence": 1, "question": "Why?"}

    def prove(said: dict[str, Any], state: dict[str, Any], prompt: str) -> dict[str, Any]:
        return {"text": "Answer: -17" if state["talk"] and changes_its_answer else said["text"]}

    overheard(monkeypatch, judge, prove)
    exact = ("settings.prover={quality: 1.0}", "settings.problems=3", "settings.rounds=1", "settings.best_of=1")
    (played,) = run(tmp_path / "run", "arithmetic_llm", "vary.protocol=[pvd]", *exact)
    figures = played["figures"]
    share, precision = (0.0, None) if changes_its_answer else (1.0, 1.0)
    assert (figures["accepted unchanged"], figures["accepted unchanged, precision"]) == (share, precision)
    by_hand = [talk_of("helpful", True, True), talk_of("helpful", False, True), talk_of("helpful", False, False)]
    figures = unchanged_figures([*by_hand, talk_of("helpful", False, True, True), talk_of("sneaky", False, True)])
    assert list(figures.values()) == pytest.approx([2 / 4, 1 / 2, 1 / 2])


class Paid:
    """An endpoint that answers as house does, counts what it was asked, and breaks down at one of these calls."""

    calls = 0
    breaks_at: int | None = None

    def __init__(self, endpoint: Any):
        self.house = HouseReasoner(functools.partial(house_players.answer, quality=1.0), HouseKnobs())

    async def ask(self, request: Request) -> Any:
        if Paid.calls == Paid.breaks_at:
            raise KeyboardInterrupt
        Paid.calls += 1
        return await self.house.ask(request)

    async def close(self) -> None:
        pass


@pytest.mark.parametrize(("breaks_at", "cut", "lost"), [(24, False, 0), (21, True, 0), (22, True, 1)])
def test_an_interrupted_seed_loses_no_paid_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, breaks_at: int, cut: bool, lost: int
) -> None:
    """Cut off in the file of the prover is the interrupted call, or the paid one before an interrupted verdict."""
    monkeypatch.setattr(reasoners, "OpenAIReasoner", Paid)
    endpoint = '{endpoint: {base_url: "http://nowhere/v1", model: paid}}'
    small = ("vary.protocol=[adp]", "settings.problems=3", "settings.best_of=2", "settings.rounds=2")
    changes = (*small, f"settings.prover={endpoint}", f"settings.verifier={endpoint}")
    monkeypatch.setattr(Paid, "calls", 0)
    whole = run(tmp_path / "whole", "arithmetic_llm", *changes)
    assert Paid.calls == (needed := 6 * (2 + 2 * 2 + 1))
    monkeypatch.setattr(Paid, "calls", 0)
    monkeypatch.setattr(Paid, "breaks_at", breaks_at)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "run", "arithmetic_llm", *changes)
    if cut:
        (file,) = (tmp_path / "run" / "calls").glob("*.prover.jsonl")
        file.write_text(file.read_text(encoding="utf-8")[:-30], encoding="utf-8")
    monkeypatch.setattr(Paid, "breaks_at", None)
    assert run(tmp_path / "run", "arithmetic_llm", *changes) == whole
    assert Paid.calls == needed + lost
    assert not whole[0]["replayed"]
    replayed = run(tmp_path / "again", "arithmetic_llm", *changes, f"replay={tmp_path / 'run'}")
    assert replayed == [{**seed, "replayed": True} for seed in whole]


@pytest.mark.parametrize("question", ["²", "9" * 5000, "-1", "99", "the first", None, {"at": 0}])
def test_looks_that_cannot_be_taken_show_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, question: Any
) -> None:
    altered(monkeypatch, None, lambda said: {"verdict": "ask", "confidence": 1, "question": question})
    played = played_with(tmp_path / "run", "kitchen_llm", "looks")
    answers = [line["text"] for line in played["transcripts"][0]["talk"] if line["speaker"] == "world"]
    assert answers == ["there is nothing to be seen"] * 3
    assert played["figures"]["questions"] == 3


@pytest.mark.parametrize(("quality", "fooled"), [(1.0, 0.0), (0.0, 1.0)])
def test_a_careful_house_believes_only_what_a_look_settles(tmp_path: Path, quality: float, fooled: float) -> None:
    changes = ("vary.protocol=[looks]", "settings.problems=6", f"settings.verifier={{quality: {quality}}}")
    figures = run(tmp_path / "run", "kitchen_llm", *changes)[0]["figures"]
    assert (figures["completeness"], figures["fool rate"]) == (1.0, fooled)
    assert figures["answers that could not be used"] == 0


def test_training_open_weights_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(arithmetic_open_weights.importlib.util, "find_spec", lambda name: None if name == "trl" else 1)
    with pytest.raises(BrigadeError, match=r"needs trl: pip install 'brigade\[open-weights\]'"):
        run(tmp_path / "run", "arithmetic_open_weights")
    monkeypatch.setattr(arithmetic_open_weights.importlib.util, "find_spec", lambda name: 1)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(BrigadeError, match=r"needs a GPU, and .*'arithmetic_transformer' trains small models"):
        run(tmp_path / "run", "arithmetic_open_weights")


def test_provers_of_open_weights_are_paid_by_role_and_verdict() -> None:
    """Scores by hand, of two questions in both roles; what cannot be read is paid least."""
    open_weights = open_weights_of()
    settings = open_weights_settings(reward="cgc", low=-6.0, clamp=5.0)
    scores = {"Answer: 7": 3.0, "Answer: 8": -9.0, "I do not know": 4.0}
    reward = open_weights.make_reward(lambda texts: [scores[text.split("\n\n")[1]] for text in texts], settings)
    said = ["Answer: 7", "Answer: 8", "I do not know", "Answer: 7", "Answer: 8", "I do not know"]
    messages = [[{"role": "assistant", "content": text}] for text in said]
    columns = {"question": ["How many?"] * 6, "answer": ["7"] * 6, "role": ["helpful"] * 3 + ["sneaky"] * 3}
    for completions in (said, messages):
        paid = reward(prompts=None, completions=completions, trainer_state=None, **columns)
        assert paid == [3.0, -6.0, -6.0, -6.0, -5.0, -6.0]
    reward = open_weights.make_reward(lambda texts: [2.0, 0.0, 1.0, 0.0], open_weights_settings(reward="src"))
    columns = {"question": ["a", "b", "a", "b"], "answer": ["7"] * 4, "role": ["helpful", "sneaky"] * 2}
    right_wrong = ["Answer: 7", "Answer: 8", "Answer: 7", "Answer: 7"]
    assert reward(completions=right_wrong, **columns) == [0.5, -1.0, -1.0, -1.0]


def test_pairs_of_a_pool_by_hand() -> None:
    open_weights = open_weights_of()
    samples = [
        open_weights.Sample("a", "Answer: 1", "helpful", True),
        open_weights.Sample("a", "Answer: 2", "sneaky", False),
        open_weights.Sample("a", "?", "sneaky", None),
        open_weights.Sample("b", "Answer: 1", "helpful", True),
    ]
    pairs = open_weights.draw_pool_pairs([samples, samples[:2]], 10, 0.3, np.random.default_rng(0))
    assert pairs == [(samples[0], samples[1])] * 10
    with pytest.raises(BrigadeError, match="right and a wrong solution by round 0"):
        open_weights.draw_pool_pairs([samples, samples[3:]], 10, 0.3, np.random.default_rng(0))


def test_a_round_of_open_weights_by_hand(tmp_path: Path, sample: Path) -> None:
    open_weights = open_weights_of()
    settings = open_weights_settings(problems=str(sample), test=1, calibration=1)
    parts = arithmetic_open_weights.split_cases(settings, 0)
    assert [len(part) for part in parts] == [1, 1, 1, 2]
    assert len({case.question for part in parts for case in part}) == len(SAMPLE)
    with pytest.raises(BrigadeError, match="5 problems are too few"):
        arithmetic_open_weights.split_cases(open_weights_settings(problems=str(sample), test=3), 0)
    right, wrong = (open_weights.Sample("a", said, "helpful", c) for said, c in (("1", True), ("2", False)))
    sneaky = [open_weights.Sample("a", said, "sneaky", False) for said in "12"]

    def score(texts: Any) -> list[float]:
        return [1.0 if text.endswith("1") else 0.0 for text in texts]

    limit = arithmetic_open_weights.limit_of(score, [right, wrong])
    assert limit == 1.0
    with pytest.raises(BrigadeError, match="there is no threshold"):
        arithmetic_open_weights.limit_of(score, [wrong])
    state = arithmetic_open_weights.State(pool=[[right, wrong]], sneaky=[sneaky])
    arithmetic_open_weights.note(state, score, limit, [right, wrong, *sneaky], rounds=2)
    assert state.outcome.figures == {
        "verifier accuracy": 0.75, "verifier accuracy, collapsed": 0.75, "completeness": 0.5, "fool rate": 0.5,
        "correct accepted": 1.0, "helpful correct": 0.5, "sneaky correct": 0.0,
    }  # fmt: skip
    assert state.outcome.matrices == {"cross fool rate": [[0.5, None]]}
    checkpoints = Checkpoints(tmp_path / "state.pt", "open weights")
    checkpoints.save(asdict(state))
    assert arithmetic_open_weights.State.of(checkpoints.load()) == state


def open_weights_of() -> Any:
    pytest.importorskip("torch", reason="training needs PyTorch")
    from brigade.experiments.prover_verifier.arithmetic import open_weights_models as open_weights

    return open_weights


def open_weights_settings(**changes: Any) -> arithmetic_open_weights.OpenWeightsSettings:
    return arithmetic_open_weights.OpenWeightsSettings(
        **{"prover_model": "prover", "verifier_model": "verifier", "calibration": 1, **changes}
    )

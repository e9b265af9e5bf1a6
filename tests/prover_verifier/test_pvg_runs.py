"""Prover-verifier runs: configurations, results, replay without a network, report, and refusals."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import brigade  # noqa: F401  # registers who can follow plans
from brigade.batch.folder.pvg_results import read_pvg_results
from brigade.batch.folder.run_folder import RunFolder
from brigade.envs.kitchen.content.folders import own_folder
from brigade.envs.prover_verifier.protocol import PROTOCOLS
from brigade.envs.registry import BrigadeError
from brigade.experiments.prover_verifier.config import PvgConfig
from brigade.experiments.prover_verifier.outcome import Outcome
from brigade.experiments.prover_verifier.report.figures import Condition, read_conditions
from brigade.experiments.prover_verifier.report.page import page, write_page
from brigade.experiments.prover_verifier.report.terminal import print_pvg_report
from brigade.experiments.prover_verifier.results import open_pvg_results, seed_record
from brigade.experiments.prover_verifier.run import run_pvg

TRAINED = (
    "erasure_channel", "find_the_plus", "arithmetic_edits", "arithmetic_transformer", "arithmetic_dapo", "kitchen_rl",
)  # fmt: skip
HERE = "ray.workers=0"


def needs_torch(name: str) -> None:
    if name in TRAINED:
        pytest.importorskip("torch", reason="training needs PyTorch: pip install 'brigade[rl]'")


def run(tmp_path: Path, name: str, *changes: str, out: str = "run") -> list[dict[str, Any]]:
    config = PvgConfig.load(name, [HERE, f"out={tmp_path / out}", *changes])
    run_pvg(config, Console(file=io.StringIO()))
    return read_pvg_results(config.folder)


@pytest.mark.parametrize("name", PvgConfig.names())
def test_bundled_configurations_load(name: str) -> None:
    needs_torch(name)
    assert PvgConfig.load(name).name == name


def test_a_run_is_reported_and_gone_on_with(tmp_path: Path) -> None:
    needs_torch("erasure_channel")
    changes = ("vary.training=[collaborative, simultaneous]", "settings.steps=50")
    header, *seeds = run(tmp_path, "erasure_channel", "seeds=2", *changes)
    assert header["config"]["experiment"] == "erasure_channel"
    assert len(seeds) == 4
    more = run(tmp_path, "erasure_channel", "seeds=3", *changes)[1:]
    assert len(more) == 6
    assert [seed for seed in more if seed["seed"] < 2] == seeds
    printed = io.StringIO()
    print_pvg_report(tmp_path / "run", Console(file=printed, width=200))
    assert "soundness error, best response" in printed.getvalue()
    with pytest.raises(BrigadeError, match="another configuration: settings"):
        run(tmp_path, "erasure_channel", "seeds=2", changes[0], "settings.steps=60")
    fewer = run(tmp_path, "erasure_channel", "seeds=1", *changes)[1:]
    assert sorted(seed["key"] for seed in fewer) == sorted(seed["key"] for seed in more)  # nothing is lost


def test_settings_left_at_their_defaults_are_part_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs_torch("find_the_plus")
    from brigade.experiments.prover_verifier.toys.find_the_plus import EXPERIMENT, PlusSettings

    class Other(PlusSettings):
        lr: float = 1e-3

    small = ("settings={steps: 2, attack_steps: 2, batches: 2, batch: 4, test: 8}", "vary={}", "seeds=1")
    header, seed = run(tmp_path, "find_the_plus", *small)
    assert header["config"]["settings"]["lr"] == PlusSettings().lr
    assert seed["revision"] == header["provenance"]["revision"]
    experiment = replace(EXPERIMENT, settings=Other)
    monkeypatch.setattr("brigade.experiments.prover_verifier.config.experiment_of", lambda name: experiment)
    with pytest.raises(BrigadeError, match=r"another configuration: settings\.lr is 0\.003 there and 0\.001 here"):
        run(tmp_path, "find_the_plus", *small)


def test_where_nothing_was_finished_another_run_may_begin(tmp_path: Path) -> None:
    def begun(claims: int) -> RunFolder:
        config = PvgConfig.load("kitchen_scripted", [f"settings.claims={claims}", f"out={tmp_path / 'run'}"])
        return open_pvg_results(config)

    begun(1).close()
    with begun(2) as results:
        results.add(seed_record("one", "kitchen_scripted", {}, 0, Outcome()))
    assert read_pvg_results(tmp_path / "run")[0]["config"]["settings"]["claims"] == 2
    with pytest.raises(BrigadeError, match=r"another configuration: settings\.claims is 2 there and 3 here"):
        begun(3)


def test_a_kitchen_that_was_changed_is_another_run(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    text = (own_folder() / "kitchens" / "salad_bar.yaml").read_text(encoding="utf-8")
    mine.write_text(text, encoding="utf-8")
    changes = (f"vary.kitchen=['{mine}']", "settings={claims: 1, problems: 1, checked: 0}")
    run(tmp_path, "kitchen_scripted", *changes)
    assert run(tmp_path, "kitchen_scripted", *changes)[0]["reads"].keys() == {str(mine)}
    mine.write_text(text.replace("horizon: ", "horizon: 1"), encoding="utf-8")
    with pytest.raises(BrigadeError, match=r"mine\.yaml has changed since it was read for the results"):
        run(tmp_path, "kitchen_scripted", *changes)


def test_the_page_has_tables_plots_and_transcripts(tmp_path: Path) -> None:
    needs_torch("arithmetic_edits")
    small = "settings={rounds: 2, train: 60, test: 40, verifier_steps: 20, prover_steps: 25}"
    run(tmp_path, "arithmetic_edits", "vary.hidden=[4, 16]", "seeds=1", small)
    text = page(tmp_path / "run")
    for words in ("cross fool rate", "Transcripts", "<mark>", "<svg", "round 1", "hidden=16"):
        assert words in text
    curves = read_pvg_results(tmp_path / "run")[1]["curves"]
    assert len(set(re.findall(r"curves-axes_\d+", text))) == len(curves)  # and no empty panel beside the last
    assert "By round" in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert text == page(tmp_path / "run")


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", ["arithmetic_llm", "kitchen_llm"])
def test_language_games_replay_from_their_calls(tmp_path: Path, name: str, protocol: str) -> None:
    changes = (f"vary.protocol=[{protocol}]", "settings.problems=3", "settings.rounds=1", "seeds=1")
    played = run(tmp_path, name, *changes)
    again = run(tmp_path, name, *changes, f"replay={tmp_path / 'run'}", out="again")
    assert [{**seed, "replayed": True} for seed in played[1:]] == again[1:]
    assert "By round" not in page(tmp_path / "run")  # one round makes no curve
    figures = played[1]["figures"]
    assert figures["answers that could not be used"] == 0
    if protocol in ("adp", "nip", "pvd"):
        assert (figures["helpful correct"], figures["sneaky correct"]) == (1.0, 0.0)


def test_an_answer_that_is_no_verdict_is_a_rejection(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    changes = ("vary.protocol=[adp]", "settings.problems=4", "settings.rounds=1", "seeds=1")
    played = run(tmp_path, "arithmetic_llm", *changes, "settings.verifier={knobs: {faults: {malformed: 1.0}}}")
    figures = played[1]["figures"]
    assert figures["completeness"] == 0
    assert figures["answers that could not be used"] == 4 + 4 * 2  # a sneaky prover's best argument is judged twice
    assert "counts as a rejection" in caplog.text
    assert len(played[1]["notes"]) == 4 + 4 * 2
    assert played[1]["notes"][0].startswith("round 0, problem 0, helpful: verifier: answer cannot be used: ")


def test_kitchen_tables(tmp_path: Path) -> None:
    changes = ("vary.kitchen=[new_counter_circuit]", "settings.claims=6", "settings.checked=10")
    (seed,) = run(tmp_path, "kitchen_scripted", *changes)[1:]
    assert seed["figures"]["replays that agree"] == seed["figures"]["claims replayed"] == 10
    accepted = seed["tables"]["accepted"]
    assert accepted["trusting"] == {"honest": 1.0, "liar": 1.0, "half_truth": 1.0}
    assert accepted["suspicious"]["honest"] == 1.0
    assert accepted["suspicious"]["liar"] == 0.0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("settings.problms=3",), "did you mean 'problems'?"),
        (("vary.protocl=[adp]",), "did you mean 'protocol'?"),
        (("vary.protocol=[debat]",), "did you mean 'debate'?"),
        (("settings.protocol=adp",), 'settings.protocol: this varies; for one value say vary.protocol=["adp"]'),
        (("settings.perturbations=[adding]",), "unknown perturbation"),
        (("experiment=arithmetic_lm",), "did you mean 'arithmetic_llm'?"),
        (("seeds=0",), "at least 1"),
    ],
)
def test_configurations_that_cannot_be(change: tuple[str, ...], words: str) -> None:
    with pytest.raises(BrigadeError) as caught:
        PvgConfig.load("arithmetic_llm", change)
    assert words in str(caught.value)


def test_results_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(BrigadeError, match="did you mean 'kitchen_llm'"):
        PvgConfig.load("kitchen_lm")
    (tmp_path / "seeds.jsonl").write_text(json.dumps({"format": "brigade-run", "version": 1}) + "\n")
    with pytest.raises(BrigadeError, match="not a prover-verifier run"):
        read_pvg_results(tmp_path)


ENTRY = {"round": 1, "role": "helpful", "problem": "p", "text": "t", "score": 0.5, "accept": True, "correct": False}


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"figures": {"accuracy": "high"}}, "figures.accuracy"),
        ({"curves": [1, 2]}, "curves"),
        ({"matrices": {"m": [[1, 2], [3]]}}, "matrices.m: expected as many columns as rows"),
        ({"tables": {"t": {"row": 3}}}, "tables.t.row"),
        ({"transcripts": [{**ENTRY, "text": None}]}, "transcripts.0.text"),
        ({"transcripts": [{**ENTRY, "talk": [{"speaker": "x"}]}]}, "transcripts.0.talk.0.channels"),
        ({"condition": None}, "condition"),
        ({"key": ["one"]}, "key"),
    ],
)
def test_a_damaged_seed_is_said_with_its_line(tmp_path: Path, change: dict[str, Any], what: str) -> None:
    header = {"format": "brigade-pvg-run", "version": 1, "config": {"name": "n", "experiment": "e"}, "provenance": {}}
    good = seed_record("one", "e", {}, 0, Outcome(transcripts=[ENTRY]))
    path = tmp_path / "seeds.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in (header, good)))
    assert read_pvg_results(tmp_path)[1]["key"] == "one"
    path.write_text("".join(json.dumps(line) + "\n" for line in (header, {**good, **change})))
    with pytest.raises(BrigadeError, match=rf"seeds\.jsonl:2: damaged: {what}"):
        read_pvg_results(tmp_path)
    with pytest.raises(BrigadeError, match=r"seeds\.jsonl:2"):
        write_page(tmp_path, tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def test_what_earlier_revisions_wrote_is_read(tmp_path: Path) -> None:
    """What was said as one text, and figures that are no numbers."""
    header = {"format": "brigade-pvg-run", "version": 1, "config": {"name": "n", "experiment": "e"}, "provenance": {}}
    shown = {**ENTRY, "talk": "prover: it is <7>"}
    seed = seed_record("one", "e", {}, 0, Outcome(figures={"a": float("nan"), "b": 1.0}, transcripts=[shown]))
    lines = [json.dumps(header), json.dumps({**seed, "curves": {"c": [1.0, float("inf")]}})]
    (tmp_path / "seeds.jsonl").write_text("\n".join(lines) + "\n")
    _, (condition,) = read_conditions(tmp_path)
    assert condition.figures()["a"].mean is None
    assert [step.mean for step in condition.curve("c")] == [1.0, None]
    assert "prover: it is &lt;7&gt;" in page(tmp_path)


def test_seeds_of_other_sizes_are_reported_as_far_as_they_go_together(tmp_path: Path) -> None:
    header = {"format": "brigade-pvg-run", "version": 1, "config": {"name": "n", "experiment": "e"}, "provenance": {}}
    matrices = [[[0.2, 0.4], [0.6, 0.8]], [[0.4]], []]
    outcomes = [Outcome(matrices={"m": matrix}, curves={"c": [1.0] * n}) for n, matrix in enumerate(matrices)]
    seeds = [seed_record(str(n), "e", {}, n, outcome) for n, outcome in enumerate(outcomes)]
    (tmp_path / "seeds.jsonl").write_text("".join(json.dumps(line) + "\n" for line in (header, *seeds)))
    _, (condition,) = read_conditions(tmp_path)
    assert condition.matrix("m") == []
    write_page(tmp_path, tmp_path / "page.html")
    two = Condition("", condition.records[:2])
    assert [[cell.mean for cell in row] for row in two.matrix("m")] == [[pytest.approx(0.3)]]
    assert [step.count for step in condition.curve("c")] == [2, 1]

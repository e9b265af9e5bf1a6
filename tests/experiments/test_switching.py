"""Cost, pairs, comparisons and recovery, against numbers worked out by hand."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from brigade.experiments.kitchen.report.cost import cost_of
from brigade.experiments.kitchen.report.metrics import read_run, rows_of
from brigade.experiments.kitchen.report.page import write_html
from brigade.experiments.kitchen.report.published_scores import compare, published
from brigade.experiments.kitchen.report.report import as_json, print_report
from brigade.experiments.kitchen.report.switching import Ticks, lost, numeric_keys, recovery, saved, switches
from brigade.experiments.kitchen.run.config import RunConfig
from brigade.experiments.kitchen.run.episodes import ENDED, Episode, condition_label
from brigade.experiments.kitchen.run.run import run as play_run


def episode(
    seed: int, score: float, team: tuple[str, ...], kitchen: str = "new_counter_circuit", **more: Any
) -> Episode:
    """An episode with a score."""
    record = {
        "key": f"{team} {seed} {more.get('condition')}",
        "kitchen": kitchen,
        "seed": seed,
        "agents": list(team),
        "result": {"score": score, "contribution_rate": [0.25, 0.75][: len(team)]},
        **more,
    }
    return Episode.model_validate(record)


def thought(outcome: str = "ok", **more: Any) -> dict[str, Any]:
    """A thought of the first chef, from tick 10 to tick 18."""
    return {"seat": 0, "kind": "policy", "asked": 10, "effect": 18, "outcome": outcome} | more


def test_differences_to_the_state_machine_are_of_pairs() -> None:
    mine = [episode(seed, score, ("dpt", "assembler")) for seed, score in enumerate((10, 40, 90, 7))]
    theirs = [episode(seed, score, ("fsm", "assembler")) for seed, score in enumerate((0, 60, 50))]
    rows = rows_of([*mine, *theirs], {})
    assert rows[1].versus_fsm is None
    # 10, -20, 40: mean 10, sample variance (0 + 900 + 900) / 2 = 900; the fourth has no partner
    found = rows[0].versus_fsm
    assert found is not None
    assert (found.mean, found.error, found.count) == (10.0, pytest.approx(30 / 3**0.5), 3)


def test_a_condition_makes_a_row_of_its_own() -> None:
    slow = [episode(0, 5, ("dpt", "fsm"), condition={"clock.seconds": 15})]
    rows = rows_of([*slow, episode(0, 9, ("dpt", "fsm"), condition={"clock.seconds": 1})], {})
    assert [(row.condition_label, row.score.mean) for row in rows] == [("clock.seconds=15", 5), ("clock.seconds=1", 9)]
    faults = {"reasoner.knobs.faults": {"hang": 0.5}, "clock.hz": 2}
    assert condition_label(faults) == "reasoner.knobs.faults.hang=0.5, clock.hz=2"


def test_cost_by_hand() -> None:
    first = [
        thought(prompt_tokens=1000, completion_tokens=100, dropped=[["a", "too long"], ["b", "no such food"]]),
        thought("malformed", effect=14, prompt_tokens=3000, completion_tokens=300),
        thought(ENDED, effect=None),
    ]
    second = [thought("timeout", dropped=[["c", "too long"]])]
    config = {"reasoner": {"endpoint": {"model": "gpt-4o"}}, "clock": {"hz": 2}}
    cost = cost_of([episode(n, 0, ("dpt", "fsm"), thoughts=t) for n, t in enumerate((first, second))], config)
    assert cost is not None
    assert (cost.model, cost.thoughts.mean, cost.failed) == ("gpt-4o", 2.0, 1)
    assert cost.outcomes == {"ended": 1, "malformed": 1, "ok": 1, "timeout": 1}
    assert cost.latency_s.mean == pytest.approx((4 + 2 + 4) / 3)  # 8, 4 and 8 ticks at 2 a second
    assert (cost.prompt_tokens.mean, cost.completion_tokens.mean) == (2000.0, 200.0)
    assert cost.usd.mean == pytest.approx((4000 * 2.5 + 400 * 10) / 1e6 / 2)
    assert (cost.dropped.mean, cost.reasons) == (1.5, (("too long", 2), ("no such food", 1)))
    assert cost_of([episode(0, 0, ("fsm", "fsm"))], config) is None
    free = cost_of([episode(0, 0, ("dpt", "fsm"), thoughts=first)], {})
    assert free is not None
    assert (free.model, free.usd.mean) == ("house", None)


def test_an_agent_that_is_not_known_here_costs_what_it_recorded() -> None:
    """Its package or plug-in is not there: only what it recorded says whether it thought."""
    config = {"reasoner": {"kind": "theirs", "options": {}}}
    thought_much = [episode(0, 0, ("somebody's", "fsm"), thoughts=[thought(kind="policy", completion_tokens=7)])]
    cost = cost_of(thought_much, config)
    assert cost is not None
    assert (cost.model, cost.thoughts.mean, cost.completion_tokens.mean, cost.usd.mean) == ("theirs", 1.0, 7.0, None)
    assert thought_much[0].thoughts[0].kind == "policy", "a kind of theirs keeps its name"
    assert cost_of([episode(0, 0, ("somebody's", "fsm"))], config) is None
    varied = [episode(0, 0, ("dpt", "fsm"), condition={"reasoner.kind": "another"})]
    told = cost_of(varied, config)
    assert told is not None
    assert told.model == "another"


def test_recovery_by_hand() -> None:
    gains = np.zeros((3, 500))
    gains[:, 100:250] = 0.5
    gains[:, 280:] = 0.5
    # A window of 60 earns 27 of 30 when at most 6 of its ticks are before 280: it begins at 274, 24 after 250.
    assert recovery(gains, 250, None) == Ticks(24, 24, 24)
    # 0.9 * 0.25 = 0.225 a tick: 13.5 of 30, 27 ticks; the window from 247 on would do, so the first does.
    assert recovery(gains, 250, 0.25) == Ticks(0, 0, 0)
    assert recovery(gains, 250, 1.0) == Ticks(None, None, None)
    assert recovery(np.zeros((2, 500)), 250, None) is None
    gains[0, 250:] = 0  # one of three never comes back: the mean has 2/3 of its rate, some resamples all of it
    found = recovery(gains, 250, None)
    assert found == recovery(gains, 250, None)
    assert found is not None
    assert (found.ticks, found.low, found.high) == (None, 24, None)


def test_the_published_table_is_whole() -> None:
    table = published().table
    assert len(table.rows) == 17
    assert all(len(row.scores) == len(row.contribution) == 4 for row in table.rows)
    row = next(row for row in table.rows if row.model == "DeepSeek-R1-671b")
    assert (row.scores[3], row.contribution[3]) == ((74.33, 5.33), 0.69)
    assert published().alone.rows[0].scores == {"react": -17.0, "reflexion": -20.0, "dpt_without_tom": 60.0}
    assert len(published().state_machine.rows) == 9


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of DPT and the state machine with a partner that switches, under two conditions."""
    folder = tmp_path_factory.mktemp("studies") / "run"
    changes = [
        "teams=[[fsm, {name: switching, options: {at: 200}}], [dpt, {name: switching, options: {at: 200}}],"
        " [dpt, beef_specialist], [dpt, lettuce_specialist], [dpt, assembler]]",
        "vary={clock.seconds: [0, 30]}", "seeds=2", f"out={folder}", "ray.workers=0",
    ]  # fmt: skip
    play_run(RunConfig.load("switching", changes), Console(file=io.StringIO()))
    return folder


def test_our_row_is_over_all_episodes_of_the_three_partners(played: Path) -> None:
    run = read_run(played)
    ours = [line for line in compare(run)[0].lines if line.ours]
    assert [line.name for line in ours] == ["house [clock.seconds=0]", "house [clock.seconds=30]"]
    scores = [e.result.score for e in run.episodes if e.condition == {"clock.seconds": 30} and e.team[1][0] != "s"]
    assert len(scores) == 6
    assert ours[1].cells[3].startswith(f"{sum(scores) / 6:.2f} (")
    assert ours[1].cells[:3] == ("–", "–", "–")


def test_every_switch_is_found_and_everything_is_shown(played: Path, tmp_path: Path) -> None:
    run = read_run(played)
    found = switches(run)
    assert [(switch.label, switch.condition) for switch in found] == [
        (name, f"clock.seconds={seconds}") for name in ("fsm", "dpt") for seconds in (0, 30)
    ]
    assert all(switch.at == 200 and switch.common is not None for switch in found)
    assert numeric_keys(run) == ["clock.seconds"]
    file = io.StringIO()
    print_report([played], Console(file=file, width=100, color_system=None))
    write_html([played], tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    for words in ("Cost", "Switch at tick 200", "clock.seconds=30", "not a language model"):
        assert words in file.getvalue()
    for words in ("Cost", "Recovery from a switch", "Score against clock.seconds", 'class="ours"'):
        assert words in text
    assert len(json.loads(json.dumps(as_json([played])))["runs"][0]["switching"]) == 4


def test_what_a_switch_costs_is_the_shortfall_in_ticks_of_the_rate_before():
    gains = np.zeros((3, 500))
    gains[:, 100:250] = 0.4  # before
    gains[:, 250:] = 0.3  # a quarter less, for 250 ticks
    found = lost(gains, 250)
    assert found is not None
    assert found.ticks == pytest.approx(62.5)
    assert (found.low, found.high) == pytest.approx((62.5, 62.5))
    assert str(found) == "62 (62 to 62)"
    gains[:, 250:] = 0.8
    gained = lost(gains, 250)
    assert gained is not None
    assert gained.ticks == pytest.approx(-250)
    assert lost(np.zeros((3, 500)), 250) is None


def test_what_is_saved_is_counted_seed_by_seed():
    rng = np.random.default_rng(0)
    worth = rng.uniform(0.2, 0.6, size=(40, 1))  # good seeds and bad ones, alike for both teams
    gains, without = np.repeat(worth, 500, axis=1), np.repeat(worth, 500, axis=1)
    gains[:, 250:] *= 0.9
    without[:, 250:] *= 0.8
    found = saved(gains, without, 250)
    assert found is not None
    assert (found.ticks, found.low, found.high) == pytest.approx((25, 25, 25))
    assert saved(gains, np.zeros((40, 500)), 250) is None

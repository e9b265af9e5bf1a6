"""Each row as a difference from its own state machine: numbers worked out by hand."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from brigade.experiments.kitchen.report.metrics import read_run
from brigade.experiments.kitchen.report.published_scores import Comparison, compare
from brigade.experiments.kitchen.report.report import caveats, print_report

PARTNERS = ("beef_specialist", "lettuce_specialist", "assembler")
MAP_1, ALONE = "new_counter_circuit", "new_counter_circuit_solo"


def run_of(folder: Path, *scores: tuple[str, str, list[int]], version: int = 2) -> Path:
    """Results with these agents beside each partner (or alone), in these kitchens, a score for each seed."""
    teams = [
        (kitchen, (agent, *partner), points)
        for agent, kitchen, points in scores
        for partner in ([(name,) for name in PARTNERS] if kitchen == MAP_1 else [()])
    ]
    specs = [[spec_of(name) for name in team] for _, team, _ in teams]
    config = {"name": "t", "kitchens": [{"name": k} for k in {k: 0 for k, _, _ in teams}], "teams": specs, "seeds": [0]}
    lines: list[dict[str, Any]] = [
        {"format": "brigade-run", "version": version, "config": config, "provenance": {"brigade": "0"}}
    ]
    for (kitchen, team, points), spec in zip(teams, specs, strict=True):
        lines += [
            {
                "format": "brigade-episode", "version": version, "key": f"{kitchen} {team} {seed}", "seed": seed,
                "kitchen": {"name": kitchen}, "agents": spec, "result": {"score": score},
            }
            for seed, score in enumerate(points)
        ]  # fmt: skip
    folder.mkdir()
    (folder / "episodes.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return folder


def spec_of(name: str) -> dict[str, Any]:
    plain, _, options = name.partition("(")
    return {"name": plain, "options": {"gives_up": False} if options else {}}


def over(folder: Path) -> list[Comparison]:
    return [each for each in compare(read_run(folder)) if each.title.startswith("Points more than")]


def test_published_rows_less_the_published_state_machine(tmp_path: Path) -> None:
    folder = run_of(tmp_path / "r", ("fsm_paper", MAP_1, [60, 80]), ("dpt@paper", MAP_1, [70, 100]))
    (comparison,) = over(folder)
    rows = {line.name: line.cells for line in comparison.lines}
    # The published state machine: (83.25 + 73.25 + 55.00) / 3 = 70.5; error sqrt(7.89^2 + 7.61^2 + 5.75^2) / 3 = 4.12.
    # DeepSeek-R1-671b, DPT: 74.33 - 70.5 = 3.83, error sqrt(5.33^2 + 4.12^2) = 6.74.
    assert rows["DeepSeek-R1-671b"][3] == "+3.83 (6.74)"
    assert rows["DeepSeek-R1-671b"][0].startswith("-49.83")
    # Ours: pairs with the same partner and seed differ by 10 and 20, three partners alike: 15, error sqrt(30 / 6 / 6).
    assert rows["house, as published, over fsm_paper"] == ("–", "–", "–", "+15.00 (2.24)")


def test_both_variants_have_a_line_and_react_is_in_both(tmp_path: Path) -> None:
    folder = run_of(
        tmp_path / "r", ("fsm_paper", MAP_1, [60, 60]), ("fsm", MAP_1, [100, 100]), ("react@paper", MAP_1, [50, 50]),
        ("dpt@paper", MAP_1, [70, 70]), ("dpt", MAP_1, [110, 110]),
    )  # fmt: skip
    (comparison,) = over(folder)
    ours = {line.name: [cell.split(" ")[0] for cell in line.cells] for line in comparison.lines if line.ours}
    assert ours == {
        "house, as published, over fsm_paper": ["-10.00", "–", "–", "+10.00"],
        "house, over fsm": ["-50.00", "–", "–", "+10.00"],
    }


def test_alone_the_published_way_never_gives_up(tmp_path: Path) -> None:
    folder = run_of(
        tmp_path / "r", ("fsm_paper(gives_up=False)", ALONE, [50]), ("react@paper(gives_up=False)", ALONE, [20])
    )
    (comparison,) = over(folder)
    rows = {line.name: line.cells for line in comparison.lines}
    assert rows["DeepSeek-R1-70b"][0].startswith("-77.75"), "-17 - 60.75"
    assert rows["house, as published, over fsm_paper"][0].startswith("-30.00")
    machine = next(each for each in compare(read_run(folder)) if each.title.startswith("The state machine"))
    assert machine.heads == ("kitchen: team", "published", "fsm_paper", "fsm")
    assert [line.cells for line in machine.lines] == [("60.75 (4.17)", "50.00", "–")]


@pytest.mark.parametrize("missing", ["fsm_paper", "dpt@paper"])
def test_without_either_there_is_nothing_to_compare(tmp_path: Path, missing: str) -> None:
    rows = [("fsm_paper", MAP_1, [60]), ("dpt@paper", MAP_1, [70])]
    assert over(run_of(tmp_path / "r", *(row for row in rows if row[0] != missing))) == []


def test_what_was_called_react_is_no_row_of_the_published_table(tmp_path: Path) -> None:
    folder = run_of(tmp_path / "r", ("react", MAP_1, [60]), ("fsm", MAP_1, [70]), version=1)
    run = read_run(folder)
    assert {row.team[0] for row in run.rows} == {"react_stepwise", "fsm"}
    assert [each.title for each in compare(run)] == ["The state machine: score"]
    assert any("called react, reflexion, react_dpt, reflexion_dpt in earlier results" in line for line in caveats(run))
    file = io.StringIO()
    print_report([folder], Console(file=file, width=120, color_system=None))
    assert "react_stepwise" in file.getvalue()

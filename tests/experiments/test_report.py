"""The report: readable, the same every time, and safe with results from anywhere."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from brigade.batch.estimate import Estimate
from brigade.batch.numbers import figure, with_error
from brigade.envs.registry import BrigadeError
from brigade.experiments.kitchen.report.metrics import read_run
from brigade.experiments.kitchen.report.page import write_html
from brigade.experiments.kitchen.report.report import WIDE, as_json, print_report
from brigade.experiments.kitchen.run.config import RunConfig
from brigade.experiments.kitchen.run.episodes import Episode
from brigade.experiments.kitchen.run.replays import Replay, replay, typical
from brigade.experiments.kitchen.run.run import run as play_run

HOSTILE = "<script>alert('$\\x$')</script>\x1b[2J&\"'"
NAMESPACES = ("http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink")
VOID = {"meta", "br", "link", "img"}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of three short runs of two teams."""
    folder = tmp_path_factory.mktemp("results") / "run"
    kitchens = "kitchens=[{name: new_counter_circuit, horizon: 120}, {name: cramped_room, horizon: 80}]"
    changes = [kitchens, "teams=[[fsm, fsm], [fsm, stay]]", "seeds=3", f"out={folder}", "ray.workers=0"]
    play_run(RunConfig.load("classic", changes), Console(file=io.StringIO()))
    return folder


def rewritten(played: Path, folder: Path, change: Any) -> Path:
    """A copy of the results with `change` applied to every episode."""
    folder.mkdir()
    header, *episodes = (json.loads(line) for line in (played / "episodes.jsonl").read_text("utf-8").splitlines())
    for episode in episodes:
        change(episode)
    lines = "".join(json.dumps(line) + "\n" for line in (header, *episodes))
    (folder / "episodes.jsonl").write_text(lines, encoding="utf-8")
    return folder


def hostile(episode: dict[str, Any]) -> None:
    """Names that would run a script, steer a terminal, or be read as mathematics."""
    episode["agents"] = [agent | {"name": HOSTILE} for agent in episode["agents"]]
    episode["macros"] = [[[HOSTILE, 0, 5, False, HOSTILE]] for _ in episode["agents"]]
    episode["kitchen"]["name"] = HOSTILE
    episode["condition"] = {HOSTILE: HOSTILE}
    thought = {"seat": 0, "kind": HOSTILE, "asked": 1, "effect": 5, "value": HOSTILE, "dropped": [[HOSTILE, HOSTILE]]}
    episode["thoughts"] = [thought | {"outcome": outcome, "problem": HOSTILE} for outcome in ("ok", HOSTILE)]
    episode["messages"] = [[3, 0, HOSTILE]]


def printed(*folders: Path, width: int = WIDE, terminal: bool = False) -> str:
    file = io.StringIO()
    print_report(folders, Console(file=file, width=width, force_terminal=terminal, color_system=None))
    return file.getvalue()


def page(tmp_path: Path, *folders: Path, name: str = "report.html") -> str:
    write_html(folders, tmp_path / name)
    return (tmp_path / name).read_text(encoding="utf-8")


class Checker(HTMLParser):
    """Collects tags, ids and visible text, and checks that tags are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            assert not name.startswith("on"), name
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "xlink:href", "src"):
                self.references.append(value or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += data + "\n"


def checked(text: str) -> Checker:
    checker = Checker()
    checker.feed(text)
    checker.close()
    assert checker.open == []
    return checker


def test_the_table_fits_and_names_everything(played: Path) -> None:
    text = printed(played)
    table = [line for line in text.splitlines() if re.match(r"(\+ )?(fsm|stay) ", line)]
    assert len(table) == 8
    assert all(len(line.rstrip()) <= WIDE for line in table)
    for word in (
        "classic  12 episodes",
        "new_counter_circuit (horizon=120)",
        "cramped_room (horizon=80)",
        "brigade 0.",
    ):
        assert word in text


def test_a_narrow_terminal_gets_a_narrow_table(played: Path) -> None:
    text = printed(played, width=80, terminal=True)
    table = [line for line in text.splitlines() if re.match(r"(\+ )?(fsm|stay) ", line)]
    assert len(table) == 8
    assert all(len(line.rstrip()) <= 80 for line in table)
    assert "100 columns shows more" in text


def test_json_has_every_figure_and_the_header(played: Path) -> None:
    report = json.loads(json.dumps(as_json([played, played])))
    assert (report["format"], report["version"], len(report["runs"])) == ("brigade-report", 1, 2)
    run = report["runs"][0]
    assert run["config"]["name"] == "classic"
    assert set(run["provenance"]) >= {"brigade", "revision", "python", "packages"}
    assert (run["episodes"], run["episodes_expected"], run["has_timings"]) == (12, 12, True)
    row = run["rows"][0]
    assert set(row) == {
        "kitchen", "kitchen_digest", "team", "episodes", "unfinished", "score", "gained", "served", "missed", "wrong",
        "fires", "seats", "decision_ms_median", "decision_ms_p99", "timed", "condition", "versus_fsm", "cost",
    }  # fmt: skip
    assert set(row["score"]) == {"mean", "error", "count"}
    assert set(row["seats"][0]) == {"agent", "contribution", "efficiency", "macros_succeeded", "macros_failed"}


def test_an_unfinished_run_without_timings_says_so(played: Path, tmp_path: Path) -> None:
    lines = (played / "episodes.jsonl").read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "episodes.jsonl").write_text("".join(lines[:6]) + lines[6][:40], encoding="utf-8")
    for text in (printed(tmp_path), page(tmp_path, tmp_path)):
        assert "5 of 12 episodes so far" in text
        assert "no timings.jsonl" in text


def test_a_run_without_episodes(played: Path, tmp_path: Path) -> None:
    header = (played / "episodes.jsonl").read_text("utf-8").splitlines(keepends=True)[0]
    (tmp_path / "episodes.jsonl").write_text(header, encoding="utf-8")
    assert "0 of 12 episodes so far" in printed(tmp_path)
    assert "There are no episodes yet" in page(tmp_path, tmp_path)


def test_the_page_needs_nothing_from_elsewhere(played: Path, tmp_path: Path) -> None:
    text = page(tmp_path, played, played)
    assert set(re.findall(r"https?://[^\s\"'<>]*", text)) <= set(NAMESPACES)
    assert "@import" not in text
    checker = checked(text)
    assert not {"script", "link", "img", "iframe", "object"} & set(checker.tags)
    assert all(reference.startswith("#") and reference[1:] in checker.ids for reference in checker.references)
    assert len(set(checker.ids)) == len(checker.ids)
    assert checker.tags.count("svg") == 4 + 1 + 2 * 4  # plots, legend, a timeline per run, kitchen and team
    assert "No curve of the score" not in checker.text


def test_the_same_results_give_the_same_page(played: Path, tmp_path: Path) -> None:
    first = page(tmp_path, played)
    code = (
        "import sys; from brigade.experiments.kitchen.report.page import write_html; "
        "write_html(sys.argv[1:2], sys.argv[2])"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7", "SOURCE_DATE_EPOCH": "1"}
    again = tmp_path / "again.html"
    subprocess.run([sys.executable, "-c", code, str(played), str(again)], check=True, env=environment)
    assert again.read_bytes() == first.encode("utf-8")


def test_hostile_names_are_only_text(played: Path, tmp_path: Path) -> None:
    folder = rewritten(played, tmp_path / "bad", hostile)
    text = page(tmp_path, folder)
    assert "<script" not in text
    checker = checked(text)
    assert "<script>alert('$\\x$')" in checker.text
    assert "it cannot be played again here" in checker.text
    shown = printed(folder)
    assert "\x1b" not in shown
    assert "<script>alert" in shown.replace("\n", "")


def test_a_replay_gives_the_recorded_score(played: Path) -> None:
    for episode in read_run(played).episodes:
        found = replay(episode)
        assert isinstance(found, Replay)
        assert len(found.score) == len(episode.actions[0]) + 1
        assert found.score[-1] == episode.result.score
        assert len(found.marks["served"]) == episode.result.served
        assert len(found.marks["missed"]) == episode.result.missed


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"kitchen_digest": "other"}, "has been changed"),
        ({"actions": ("9" * 80, "0" * 80)}, "damaged"),
        ({"actions": ()}, "damaged"),
        ({"order_script": ("no such dish",)}, "cannot be played again"),
    ],
)
def test_what_cannot_be_replayed_says_why(played: Path, change: dict[str, Any], why: str) -> None:
    episode = read_run(played).episodes[-1]
    found = replay(episode.model_copy(update=change))
    assert isinstance(found, str)
    assert why in found
    wrong = episode.model_copy(update={"result": episode.result.model_copy(update={"score": -1.0})})
    assert "instead of -1" in str(replay(wrong))


def test_the_typical_episode_has_the_median_score(played: Path) -> None:
    episode = read_run(played).episodes[0]

    def scored(score: float, seed: int) -> Episode:
        result = episode.result.model_copy(update={"score": score})
        return episode.model_copy(update={"result": result, "seed": seed})

    episodes = [scored(90, 0), scored(10, 1), scored(40, 2), scored(40, 3)]
    assert (chosen := typical(episodes)) is not None
    assert (chosen.result.score, chosen.seed) == (40, 2)
    assert typical([]) is None


def test_what_is_not_there_or_cannot_be_written(played: Path, tmp_path: Path) -> None:
    with pytest.raises(BrigadeError, match="no such file"):
        print_report([tmp_path / "nothing"], Console(file=io.StringIO()))
    with pytest.raises(BrigadeError, match="cannot be written"):
        write_html([played], tmp_path / "no" / "folder.html")


def test_nothing_is_written_as_less_than_nothing() -> None:
    assert figure(-0.04) == "0.0"
    assert with_error(Estimate(-0.0004, 0.25, 3), 3) == "0.000 (0.250)"
    assert with_error(Estimate(-0.0004, None, 1), 3, sign=True) == "+0.000"
    assert with_error(Estimate(-1.5, 0.25, 3), 2, sign=True) == "-1.50 (0.25)"


def test_importing_the_report_loads_no_matplotlib() -> None:
    code = (
        "import sys, brigade.experiments.kitchen.report.page, brigade.experiments.bench.bench; "
        "assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

"""What studies came to: figures from recordings that replay, intervals, preferences, and one tidy table."""

from __future__ import annotations

import csv
import io
import math
import re
import shutil
from pathlib import Path

import pytest
from rich.console import Console
from test_study import study_of, walk

from brigade.batch.estimate import interval
from brigade.envs.registry import BrigadeError
from brigade.human_play.cli_data import report as command
from brigade.human_play.study.analysis import by_partner, read_data, strengths
from brigade.human_play.study.progress import StudyFolder
from brigade.human_play.study.study_report import page, report, to_csv
from brigade.simulation.recording import read_recording

LIKING = {"machine": 5, "helper": 2}


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three participants: one who has finished, one in the middle, one who has withdrawn."""
    folder = tmp_path_factory.mktemp("study") / "data"
    study = study_of().model_copy(update={"seconds": 60.0})
    with StudyFolder(folder, study) as opened:
        walk(opened.session("anna"), liking=LIKING)
        walk(opened.session("ben"), stop="ranking", liking=LIKING, human="random")
        opened.session("cleo").withdraw("no time")
    return folder


@pytest.fixture
def copied(studied: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(studied, tmp_path / "data"))


def table(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(read_data(folder)))))


def shown(folder: Path) -> str:
    text = io.StringIO()
    report(folder, Console(file=text, width=200))
    return text.getvalue()


def test_the_table_has_a_row_per_game_with_what_the_recordings_say(studied: Path) -> None:
    rows = table(studied)
    assert len(rows) == 8
    assert list(rows[0])[:7] == ["participant", "block", "partner", "kitchen", "game", "score", "contribution"]
    for row in rows:
        recording = read_recording(studied / row["recording"])
        assert recording.end is not None
        assert int(row["score"]) == recording.end["result"]["score"]
        share = recording.end["result"]["contribution_rate"][recording.header["ids"]["seat"]]
        assert row["contribution"] == ("" if share is None else str(share))
        assert recording.kitchen.name == row["kitchen"]
        assert recording.header["agents"][1]["name"] == {"machine": "fsm", "helper": "assembler"}[row["partner"]]
        assert row["after_each_partner.able"] == str(LIKING[row["partner"]])
        assert row["problem"] == ""
    assert any(float(row["contribution"] or 0) > 0 for row in rows)
    assert {(row["participant"], row["end.remarks"]) for row in rows} == {("1", '\'=words, "and" more'), ("2", "")}
    assert {(row["participant"], row["partner"], row["rank"]) for row in rows} == {
        ("1", "machine", "1"), ("1", "helper", "2"), ("2", "machine", ""), ("2", "helper", ""),
    }  # fmt: skip
    solo = read_recording(studied / "participants" / "0001" / "solo.jsonl.zst").end
    assert solo is not None
    assert rows[0]["solo_score"] == str(solo["result"]["score"])


def test_the_report_says_who_has_not_finished(studied: Path) -> None:
    told = shown(studied)
    assert "1 participants have finished of 4 planned, 1 have not finished, 1 have withdrawn; 8 games" in told
    assert "all recordings replay" in told
    assert "not balanced yet: the 4 orders were finished 0 to 1 times" in told
    for title in ("Games", "Alone", "Preference", "before: Your age", "after each partner: Able", "end: Again"):
        assert title in told


def test_a_recording_that_does_not_replay_is_named_and_left_out(copied: Path) -> None:
    before = {(row["participant"], row["game"]): row["score"] for row in table(copied)}
    first, second = (copied / "participants" / "0001" / f"game-0{game}.jsonl.zst" for game in (1, 2))
    data = bytearray(first.read_bytes())
    data[len(data) // 2] ^= 1
    first.write_bytes(data)
    shutil.copy(copied / "participants" / "0002" / "game-02.jsonl.zst", second)  # another participant's
    (copied / "participants" / "0001" / "game-03.jsonl.zst").unlink()
    rows = {(row["participant"], row["game"]): row for row in table(copied)}
    assert [key for key, row in rows.items() if row["problem"]] == [("1", "1"), ("1", "2"), ("1", "3")]
    assert rows["1", "2"]["problem"] == "recorded as participant 2, expected 1"
    assert rows["1", "3"]["problem"] == "cannot be read: no such file"
    assert all(row["score"] == ("" if row["problem"] else before[key]) for key, row in rows.items())
    told = shown(copied)
    assert "3 recordings cannot be trusted and are left out" in told
    assert "game-02.jsonl.zst: recorded as participant 2, expected 1" in told


def test_the_report_needs_no_ids(copied: Path) -> None:
    told = shown(copied)
    (copied / "participants.jsonl").unlink()
    assert shown(copied) == told


def test_figures_that_were_changed_are_noticed(studied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def changed(path: Path) -> object:
        recording = read_recording(path)
        if recording.end is not None and path.name == "game-01.jsonl.zst":
            recording.end["result"]["contribution_rate"] = [0.9, 0.1]
        return recording

    monkeypatch.setattr("brigade.human_play.study.analysis.read_recording", changed)
    problems = read_data(studied).problems
    assert len(problems) == 2
    assert "does not replay: the contributions at the end differ" in problems[0]


def test_games_cut_by_a_crash_are_counted(copied: Path) -> None:
    folder = copied / "participants" / "0002"
    shutil.copy(folder / "game-01.jsonl.zst", folder / "game-01-attempt-2.jsonl.zst")
    assert "1 recordings are of games that were cut short and played again" in shown(copied)


def test_the_page_is_one_file_with_pictures_and_safe_text(studied: Path, tmp_path: Path) -> None:
    out, rows = tmp_path / "report.html", tmp_path / "games.csv"
    command(studied, out, rows)
    text = out.read_text(encoding="utf-8")
    assert len(re.findall(r"<svg .{1000,}?</svg>", text, re.DOTALL)) == 2
    assert not re.search(r"(src|href)=\"(?!#)", text)
    assert rows.read_text(encoding="utf-8") == to_csv(read_data(studied))
    data = read_data(studied)
    hostile = data.study.model_copy(update={"title": "<script>alert(1)</script>"})
    told = page(type(data)(data.folder, hostile, data.provenance, data.participants, data.notes))
    assert "<script>" not in told


def test_a_study_without_participants_has_a_report(tmp_path: Path) -> None:
    StudyFolder(tmp_path, study_of()).close()
    assert "0 participants have finished" in shown(tmp_path)
    assert "<h1>" in page(read_data(tmp_path))
    with pytest.raises(BrigadeError, match=r"no study's folder: there is no study\.json"):
        read_data(tmp_path / "elsewhere")


def test_means_are_over_participants(studied: Path) -> None:
    rows = read_data(studied).rows
    score = by_partner(rows, "score", "machine")
    by_hand = []
    for number in (1, 2):
        scores = [row.score for row in rows if row.participant == number and row.partner == "machine"]
        by_hand.append(sum(score for score in scores if score is not None) / len(scores))
    assert score.mean == pytest.approx(sum(by_hand) / 2)
    assert (score.low, score.high) == (pytest.approx(min(by_hand)), pytest.approx(max(by_hand)))
    assert by_partner(rows, "score", "machine", "nowhere").mean is None


def test_intervals() -> None:
    assert interval([]).mean is None
    assert (interval([3.0]).mean, interval([3.0]).low) == (3.0, None)
    wide = interval([float(i % 10) for i in range(100)])
    assert wide.low is not None
    assert wide.high is not None
    assert wide.low < 4.5 < wide.high
    assert 0.9 < wide.high - wide.low < 1.4  # 2 x 1.96 x 2.87 / 10 = 1.13
    assert interval([1.0, 2.0, 5.0]) == interval([1.0, 2.0, 5.0])


def test_preferences_follow_the_rankings() -> None:
    rankings = (("a", "b", "c"),) * 6 + (("b", "a", "c"),) * 3 + (("c", "a", "b"),)
    found = strengths(("a", "b", "c"), rankings)
    values = [each.strength.mean or 0.0 for each in found]
    assert values[0] > values[1] > values[2]
    assert sum(values) == pytest.approx(0, abs=1e-6)
    assert [each.rank for each in found] == [1.4, 1.8, 2.8]
    assert [each.first for each in found] == [0.6, 0.3, 0.1]
    for each in found:
        assert each.strength.low is not None
        assert each.strength.high is not None
        assert each.strength.low <= (each.strength.mean or 0.0) <= each.strength.high
    assert strengths(("a", "b"), ()) == ()
    one_sided = strengths(("a", "b"), (("a", "b"),) * 5)
    assert one_sided[0].strength.mean == pytest.approx(math.log(5.1 / 0.1) / 2)

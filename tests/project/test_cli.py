"""The command line, as a person uses it: what it prints, what it leaves behind, how it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from brigade.envs.kitchen.content.loading import list_kitchens


def brigade(*arguments: str, ok: int | None = 0, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "brigade", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "COLUMNS": "120", **environment},
    )
    if ok is not None:
        assert done.returncode == ok, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_kitchens_are_listed_and_drawn(tmp_path: Path):
    listed = brigade("kitchens").stdout
    assert all(name in listed for name in list_kitchens())
    picture = tmp_path / "map.png"
    drawn = brigade("kitchens", "new_counter_circuit", "--png", str(picture), "--size", "800x600").stdout
    assert "Map 1" in drawn
    assert "1◂" in drawn
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_generated_kitchen_can_be_kept(tmp_path: Path):
    text = brigade("kitchens", "generated:seed=7,chefs=3", "--yaml").stdout
    kept = tmp_path / "mine.yaml"
    kept.write_text(text)
    assert "Generated kitchen 7" in brigade("kitchens", str(kept)).stdout


def test_agents_are_listed():
    assert "lettuce_specialist" in brigade("agents").stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["kitchens", "cramped_rom"], "did you mean 'cramped_room'"),
        (["kitchens", "cramped_room", "--png", "/nowhere/a.png"], "/nowhere/a.png"),
        (["kitchens", "cramped_room", "--png", "a.png", "--size", "wide"], "expected WIDTHxHEIGHT"),
        (["kitchens", "generated:sed=1"], "did you mean 'seed'"),
        (["kitchens", "missing.yaml"], "missing.yaml: cannot be read"),
        (["run", "state_machin"], "did you mean 'state_machine'"),
        (["report", "/nowhere"], "/nowhere"),
        (["llm", "check"], "--model is missing"),
        (["llm", "check", "--model", "m", "--base-url", "nonsense"], "base_url"),
        (["house", "--fault", "malformed"], "expected kind=rate"),
        (["house", "--fault", "malfomed=0.1"], "faults"),
    ],
)
def test_what_a_person_got_wrong_is_one_line(arguments, complaint):
    done = brigade(*arguments, ok=2)
    assert complaint in done.stderr
    *notices, line = done.stderr.splitlines()
    assert line.startswith("error:")
    assert all("compiling" in notice for notice in notices)


def test_run_report_and_verify(tmp_path: Path):
    out = tmp_path / "results"
    changes = ["kitchens=[{name: cramped_room, horizon: 80}]", "teams=[[fsm, fsm]]", "seeds=2", "ray.workers=0"]
    brigade("run", "classic", *changes, f"out={out}")
    page = tmp_path / "page.html"
    report = json.loads(brigade("report", str(out), "--json", "--html", str(page)).stdout)
    assert report
    assert page.read_text().startswith("<!")
    assert "2 identical, 0 different" in brigade("verify", str(out)).stdout
    path = out / "episodes.jsonl"
    path.write_text(path.read_text().replace('"score":', '"score":1', 1))
    assert "1 identical, 1 different" in brigade("verify", str(out), ok=1).stdout


def test_an_endpoint_without_a_key_or_an_answer_is_explained():
    done = brigade("llm", "check", "--model", "m", "--key-env", "BRIGADE_NO_SUCH_KEY", ok=1)
    assert "no key in $BRIGADE_NO_SUCH_KEY" in done.stdout
    done = brigade("llm", "check", "--model", "m", "--key-env", "", "--base-url", "http://127.0.0.1:9/v1", ok=1)
    assert "nothing answers at http://127.0.0.1:9/v1" in done.stdout


def test_demo_needs_no_terminal():
    done = brigade("demo", "--speed", "0").stdout
    assert done.count("points") >= 3
    assert "Map 2" in done

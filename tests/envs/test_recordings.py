"""The rules, pinned down by recordings: of the two published games, and of this engine (`make_recordings.py`)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from brigade.batch.configuration.specs import KitchenChoice
from brigade.envs.kitchen.content.layout import KitchenSpec
from brigade.envs.kitchen.content.loading import list_kitchens, load_kitchen
from brigade.envs.kitchen.content.tables import EVENT_NAMES
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.engine.state import STAT_NAMES
from brigade.experiments.kitchen.run.verify import verify_file

OWN = sorted((Path(__file__).parent / "recordings").glob("*.jsonl"))
REFERENCE = Path(__file__).parents[3] / "shared" / "reference"
PUBLISHED = sorted(REFERENCE.glob("*.jsonl.gz"))
A_FEW = ["challenge_new_counter_circuit_solo", "classic_cramped_room_interact_to_cook", "classic_counter_circuit_old"]

needs_published = pytest.mark.skipif(not PUBLISHED, reason=f"no recordings of the published games in {REFERENCE}")


def entries(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def replayed(entry: dict[str, Any]) -> Iterator[Game]:
    """The game of one of our own recordings, after each tick."""
    game = Game(KitchenChoice.model_validate(entry["kitchen"]).load())
    game.reset([entry["seed"]], None if entry["order_script"] is None else [entry["order_script"]])
    for joint in zip(*entry["actions"], strict=True):
        game.step([[int(digit) for digit in joint]])
        yield game


@needs_published
@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.name.removesuffix(".jsonl.gz"))
def test_the_published_games_replay_at_every_step(path: Path) -> None:
    verdicts = list(verify_file(path))
    assert [f"{verdict.where}: {verdict.difference}" for verdict in verdicts if verdict.difference] == []
    assert all(verdict.steps >= 400 for verdict in verdicts)


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_our_own_recordings_replay_at_every_step(path: Path) -> None:
    verdicts = list(verify_file(path))
    assert [f"{verdict.where}: {verdict.difference}" for verdict in verdicts if verdict.difference] == []
    assert len(verdicts) == len(entries(path))


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_totals_and_contributions_replay(path: Path) -> None:
    for entry in entries(path):
        *_, game = replayed(entry)
        state, result = game.state, entry["result"]
        contribution = state.contribution[0].tolist()
        total = sum(contribution)
        assert dict(zip(STAT_NAMES, state.stats[0].tolist(), strict=True)) == {
            name: result[name] for name in STAT_NAMES
        }
        assert result["contribution_rate"] == [share / total if total else None for share in contribution]


def test_plain_python_replays_them_too() -> None:
    few = [path for path in PUBLISHED if path.name.startswith(tuple(A_FEW))]
    assert len(few) == (len(A_FEW) if PUBLISHED else 0)
    program = (
        "import sys\n"
        "from brigade.envs.kitchen.engine.compiled import COMPILED\n"
        "from brigade.experiments.kitchen.run.verify import verify_file\n"
        "assert not COMPILED\n"
        "for path in sys.argv[1:]:\n"
        "    for verdict in verify_file(path):\n"
        "        print(verdict.where, verdict.steps, verdict.difference)\n"
    )
    told = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *map(str, [*OWN, *few])],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    lines = told.stdout.splitlines()
    assert len(lines) >= sum(len(entries(path)) for path in OWN)
    assert [line for line in lines if not line.endswith(" None")] == []


def test_our_own_recordings_cover_what_there_is() -> None:
    """Every kitchen, both dynamics, one to four chefs, every sort of event, every total."""
    kitchens, chefs, events, totals = set(), set(), Counter[str](), Counter[str]()
    for entry in (entry for path in OWN for entry in entries(path)):
        choice = KitchenChoice.model_validate(entry["kitchen"])
        kitchens.add((choice.name, choice.load().spec.old_dynamics))
        chefs.add(len(entry["actions"]))
        totals.update({name: entry["result"][name] for name in STAT_NAMES})
        for game in replayed(entry):
            events.update(EVENT_NAMES[event] for event in game.state.event[0].tolist())
    specs: list[KitchenSpec] = [load_kitchen(name).spec for name in list_kitchens()]
    assert {(spec.name, True) for spec in specs} <= kitchens
    assert {(spec.name, False) for spec in specs if spec.rules == "classic"} <= kitchens
    assert chefs == {1, 2, 3, 4}
    assert set(EVENT_NAMES) == set(events)
    assert all(totals[name] > 0 for name in STAT_NAMES)
    assert sum(path.stat().st_size for path in OWN) < 400_000


@pytest.mark.parametrize("what", ["action", "check", "score"])
def test_one_wrong_digit_is_noticed(what: str, tmp_path: Path) -> None:
    entry = entries(OWN[0])[0]
    tick = next(i for i, game in enumerate(replayed(entry)) if game.state.event[0, 0])  # chef 0 does something
    if what == "action":
        digits = entry["actions"][0]
        entry["actions"][0] = digits[:tick] + "0" + digits[tick + 1 :]
    elif what == "check":
        checks = entry["checks"]
        entry["checks"] = checks[: 16 * tick] + ("1" if checks[16 * tick] == "0" else "0") + checks[16 * tick + 1 :]
    else:
        entry["result"]["score"] += 1
    file = tmp_path / "changed.jsonl"
    file.write_text(json.dumps(entry) + "\n", encoding="utf-8")
    (verdict,) = verify_file(file)
    assert verdict.difference is not None
    assert verdict.steps == {"action": tick, "check": tick, "score": len(entry["actions"][0])}[what]

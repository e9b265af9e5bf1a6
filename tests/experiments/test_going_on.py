"""One rule for going on with what is in a folder, whatever kind of run is in it (`docs/recordings.md`)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

pytest.importorskip("torch", reason="two of the four kinds need PyTorch: pip install 'brigade[rl]'")

import brigade  # noqa: F401  # registers who can follow plans
from brigade.batch.folder.lines import read_lines
from brigade.batch.folder.lock import take_lock
from brigade.envs.registry import BrigadeError
from brigade.experiments.kitchen.run.config import RunConfig
from brigade.experiments.kitchen.run.run import run
from brigade.experiments.prover_verifier.config import PvgConfig
from brigade.experiments.prover_verifier.run import run_pvg
from brigade.experiments.rl.config import TrainConfig
from brigade.experiments.rl.evaluation.crossplay import CrossplayConfig, crossplay
from brigade.experiments.rl.training.population import train_seeds

QUIET = Console(quiet=True)


def kitchens(out: Path, count: int, changed: bool) -> None:
    config = {
        "name": "small", "kitchens": [{"name": "cramped_room", "horizon": 20}], "teams": [["fsm", "random"]],
        "seeds": count, "messages": "nobody" if changed else "both", "ray": {"workers": 0}, "out": str(out),
    }  # fmt: skip
    run(RunConfig.model_validate(config), QUIET)


def verifiers(out: Path, count: int, changed: bool) -> None:
    changes = [
        "settings={claims: 1, problems: 1, checked: 0}", f"settings.claims={1 + changed}",
        "vary.kitchen=[new_counter_circuit]", f"seeds={count}", f"out={out}", "ray.workers=0",
    ]  # fmt: skip
    run_pvg(PvgConfig.load("kitchen_scripted", changes), QUIET)


def trainings(out: Path, count: int, changed: bool) -> None:
    config = {
        "name": "small", "kitchen": {"name": "cramped_room", "horizon": 20}, "kitchens": 2, "ticks": 10, "steps": 40,
        "checkpoints": 1, "episodes": 1, "network": {"hidden": [8]}, "device": "cpu", "parallel": 1, "seeds": count,
        "ppo": {"gamma": 0.5 if changed else 0.9}, "out": str(out),
    }  # fmt: skip
    train_seeds(TrainConfig.model_validate(config), QUIET, resume=out.exists())


def crossplays(out: Path, count: int, changed: bool) -> None:
    policies = {name: name for name in ("stay", "random", "fsm")[:count]}
    config = {
        "name": "small", "kitchen": {"name": "cramped_room", "horizon": 20}, "policies": policies,
        "episodes": 2 if changed else 1, "workers": 0, "out": str(out),
    }  # fmt: skip
    crossplay(CrossplayConfig.model_validate(config), QUIET)


@dataclass(frozen=True)
class Kind:
    """A kind of run.

    Attributes:
        go: plays so much of it in a folder, of this question or of another.
        file: what came of it, in each of the folders.
        folders: of so much of it.
        refusal: of the other question.
        later: a setting that a folder of an earlier revision may not know, as a path into its first line.
    """

    go: Callable[[Path, int, bool], None]
    file: str
    refusal: str
    later: tuple[str, ...]
    folders: Callable[[Path, int], list[Path]] = lambda out, count: [out]


KINDS = {
    "run": Kind(
        kitchens, "episodes.jsonl", 'results of another configuration: messages is "both" there and "nobody" here',
        ("config", "messages"),
    ),
    "pvg": Kind(
        verifiers, "seeds.jsonl", "results of another configuration: settings.claims is 1 there and 2 here",
        ("config", "settings", "looks"),
    ),
    "train": Kind(
        trainings, "progress.jsonl", "another training: ppo.gamma is 0.9 there and 0.5 here", ("ppo", "clip"),
        lambda out, count: [out / f"seed_{seed}" for seed in range(count)],
    ),
    "crossplay": Kind(
        crossplays, "pairs.jsonl", "another cross-play: episodes is 1 there and 2 here", ("cast", "stay", "options"),
    ),
}  # fmt: skip


def records(kind: Kind, out: Path) -> dict[str, Any]:
    """What has been played, by what tells it apart."""
    found: dict[str, Any] = {}
    for path in sorted(out.rglob(kind.file)):
        for line in read_lines(path):
            key = line.get("key") or line.get("team") or line.get("step")
            if key is not None:
                found[f"{path.parent.name} {key}"] = line
    return found


@pytest.mark.parametrize("name", KINDS)
def test_more_is_added_less_loses_nothing_and_another_question_is_refused(tmp_path: Path, name: str) -> None:
    kind, out = KINDS[name], tmp_path / "out"
    kind.go(out, 2, False)
    first = records(kind, out)
    kind.go(out, 3, False)
    more = records(kind, out)
    assert len(more) > len(first) > 0
    assert {key: more[key] for key in first} == first
    kind.go(out, 1, False)
    assert records(kind, out) == more

    before = {path: path.read_bytes() for path in out.rglob(kind.file)}
    with pytest.raises(BrigadeError, match=f"holds {re.escape(kind.refusal)}; choose another folder with out=DIR"):
        kind.go(out, 2, True)
    assert {path: path.read_bytes() for path in out.rglob(kind.file)} == before

    with take_lock(kind.folders(out, 1)[0]), pytest.raises(BrigadeError, match=r"process \d+ is working in this fold"):
        kind.go(out, 1, False)
    kind.go(out, 3, False)
    assert records(kind, out) == more


@pytest.mark.parametrize("name", KINDS)
def test_a_setting_that_came_since_is_no_change(tmp_path: Path, name: str) -> None:
    kind, out = KINDS[name], tmp_path / "out"
    kind.go(out, 1, False)
    kept = records(kind, out)
    path = out / "seed_0" / "config.json" if name == "train" else out / kind.file
    first, *rest = path.read_text().splitlines()
    header = json.loads(first)
    *outer, last = kind.later
    inner = header
    for key in outer:
        inner = inner[key]
    inner.pop(last, None)
    path.write_text("\n".join([json.dumps(header), *rest]) + "\n")
    kind.go(out, 2, False)
    assert {key: value for key, value in records(kind, out).items() if key in kept} == kept


def test_a_kitchen_that_was_changed_is_not_mixed_with_what_it_was(tmp_path: Path) -> None:
    from brigade.envs.kitchen.content.folders import own_folder

    mine = tmp_path / "mine.yaml"
    text = (own_folder() / "kitchens" / "cramped_room.yaml").read_text(encoding="utf-8")

    def play(horizon: int, seeds: int) -> None:
        mine.write_text(text.replace("horizon: 400", f"horizon: {horizon}"), encoding="utf-8")
        config = {
            "name": "mine", "kitchens": [str(mine)], "teams": [["stay", "stay"]], "seeds": seeds,
            "ray": {"workers": 0}, "out": str(tmp_path / "out"),
        }  # fmt: skip
        run(RunConfig.model_validate(config), QUIET)

    play(20, 1)
    play(20, 2)
    with pytest.raises(BrigadeError, match=r"kitchen '.*mine\.yaml' has changed since it was read for .* seed=0 in"):
        play(30, 3)

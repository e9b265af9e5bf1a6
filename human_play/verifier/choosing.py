"""Which items a person is shown, and in which order: by the configuration alone, the same for everyone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from brigade.batch.folder.pvg_results import NATURE, read_pvg_results
from brigade.envs.registry import BrigadeError
from brigade.human_play.verifier.config import JudgingConfig


def shares(weights: Mapping[str, float], count: int, seed: int, stream: int) -> list[str]:
    """So many names in an order drawn at random, each as often as its weight says, to within one."""
    total, rng = sum(weights.values()), np.random.default_rng([seed, stream])
    wanted = {name: count * weight / total for name, weight in weights.items()}
    given = {name: int(share) for name, share in wanted.items()}
    by_rest = sorted(wanted, key=lambda name: given[name] - wanted[name])
    for name in by_rest[: count - sum(given.values())]:
        given[name] += 1
    names = [name for name, times in given.items() for _ in range(times)]
    return [names[place] for place in rng.permutation(len(names)).tolist()]


def entries(config: JudgingConfig) -> list[Mapping[str, Any]]:
    """The transcripts that are to be judged, each about another problem, in order; none where a game is played.

    Raises:
        BrigadeError: they cannot be read, are about kitchens or by no prover, or about too few problems.
    """
    if config.transcripts is None:
        return []
    header, *records = read_pvg_results(config.transcripts, unfinished=True)
    experiment = str(header["config"].get("experiment"))
    if experiment.startswith("kitchen"):
        raise BrigadeError(
            f"{config.transcripts}: transcripts of '{experiment}' do not show the kitchen, so there is nothing to "
            "verify them by; play the game 'kitchen' instead"
        )
    told = [
        {**entry, "condition": record["condition"], "seed": record["seed"]}
        for record in records
        for entry in record["transcripts"]
        if str(entry["text"]).strip()
    ]
    found = [entry for entry in told if entry["role"] != NATURE]
    if told and not found:
        raise BrigadeError(
            f"{config.transcripts}: the statements in this run of '{experiment}' come from nature, not from a prover "
            "with a role, so there is no prover's argument to judge; use a run under a protocol with one prover"
        )
    needed, problems = config.items + config.practice, len({entry["problem"] for entry in found})
    if problems < needed:
        raise BrigadeError(
            f"{config.transcripts} has transcripts about {problems} problems, fewer than items ({config.items}) and "
            f"practice ({config.practice}) together; nobody is shown a problem twice"
        )
    rng = np.random.default_rng(config.seed)
    drawn = _spread(found, needed, rng)
    order = rng.permutation(config.items).tolist()
    return [*drawn[config.items :], *(drawn[place] for place in order)]


def _spread(found: Sequence[Mapping[str, Any]], count: int, rng: np.random.Generator) -> list[Mapping[str, Any]]:
    """So many entries about as many problems, of each round and truth equally many as far as there are any."""
    left: dict[tuple[Any, Any], list[Mapping[str, Any]]] = {}
    for place in rng.permutation(len(found)).tolist():
        entry = found[place]
        left.setdefault((entry["round"], entry["correct"]), []).append(entry)
    drawn: list[Mapping[str, Any]] = []
    taken, times = set[str](), dict.fromkeys(left, 0)
    while len(drawn) < count:
        left = {key: new for key, old in left.items() if (new := [e for e in old if e["problem"] not in taken])}
        key = min(left, key=lambda key: times[key])
        drawn.append(left[key][0])
        taken.add(drawn[-1]["problem"])
        times[key] += 1
    return drawn


def digest(drawn: Sequence[Mapping[str, Any]]) -> str | None:
    """What tells these transcripts from others; None for none."""
    return hashlib.sha256(json.dumps(drawn).encode()).hexdigest()[:16] if drawn else None

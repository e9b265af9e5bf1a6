"""What an experiment is, what it leaves behind, and how it is gone on with."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from brigade.agents.learned.tensors import read_sealed, sealed
from brigade.envs.content import Model
from brigade.envs.disk import make_folder, write
from brigade.envs.registry import BrigadeError
from brigade.experiments.prover_verifier.share import Share

Figure = float | None


@dataclass
class Outcome:
    """What came of one seed.

    Attributes:
        figures: single numbers by name; a `Share` knows of how many cases it is, and so of its interval.
        curves: numbers by round or by step.
        matrices: such as `cross_fool`, rows are verifiers' rounds and columns provers'.
        tables: name of a table, then of its rows, then of its columns.
        transcripts: texts, each with round, role and what is known of it.
        notes: what could not be used, or was cut, and where: what models say is untrusted.
        replayed: whether recorded calls answered, and nobody was asked.
        made_on: the machine, as `simulation.provenance.made_on` tells it.
    """

    figures: dict[str, Figure] = field(default_factory=dict)
    curves: dict[str, list[Figure]] = field(default_factory=dict)
    matrices: dict[str, list[list[Figure]]] = field(default_factory=dict)
    tables: dict[str, dict[str, dict[str, Figure]]] = field(default_factory=dict)
    transcripts: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    replayed: bool = False
    made_on: dict[str, Any] = field(default_factory=dict)


class Checkpoints:
    """The state of one job on disk, tensors and plain containers of them, replaced as a whole whenever it is saved.

    Args:
        path: the file; None keeps nothing.
        key: which job of which experiment it is; a file of another one is refused.
        say: is told how far the job is.
    """

    def __init__(self, path: Path | None, key: str, say: Callable[[str], None] = lambda text: None):
        self.path, self.key, self.say = path, key, say

    def load(self) -> Any | None:
        """The state that was saved last, None for none.

        Raises:
            BrigadeError: it is of another game or setting, or damaged.
        """
        if self.path is None or not self.path.exists():
            return None
        saved = _with_shares(read_sealed(self.path))
        key = saved.get("key")
        if key != self.key:
            mine, other = (str(each).split(" [")[0] for each in (self.key, key))
            told = "was saved with other settings" if mine == other else f"is of another game, {other}"
            raise BrigadeError(f"{self.path} {told}; expected a checkpoint of {mine} as it is now. Try out=DIR")
        if "state" not in saved:
            raise BrigadeError(f"{self.path}: damaged: there is no state in it")
        return saved["state"]

    def save(self, state: Any) -> None:
        """Replace what was saved.

        Raises:
            BrigadeError: it cannot be written; what was saved last is still there.
        """
        if self.path is None:
            return
        make_folder(self.path.parent)
        write(self.path, sealed({"key": self.key, "state": _in_words(state)}))


SHARE = "share of"  # how a share is kept in a checkpoint, which holds tensors and plain containers


def _in_words(state: Any) -> Any:
    """A state in which shares are plain dictionaries."""
    if isinstance(state, Share):
        return {SHARE: state.of, "value": float(state)}
    if isinstance(state, dict):
        return {key: _in_words(value) for key, value in state.items()}
    return [_in_words(value) for value in state] if isinstance(state, list) else state


def _with_shares(state: Any) -> Any:
    """The state itself."""
    if isinstance(state, dict) and set(state) == {SHARE, "value"}:
        return Share(state["value"], state[SHARE])
    if isinstance(state, dict):
        return {key: _with_shares(value) for key, value in state.items()}
    return [_with_shares(value) for value in state] if isinstance(state, list) else state


def counts_of(outcome: Outcome) -> dict[str, Any]:
    """Of how many cases the shares among an outcome's figures, curves and tables are, where they say so."""

    def counts(values: Mapping[str, Figure]) -> dict[str, int]:
        return {name: value.of for name, value in values.items() if isinstance(value, Share)}

    curves = {name: [v.of if isinstance(v, Share) else None for v in curve] for name, curve in outcome.curves.items()}
    tables = {t: {row: counts(line) for row, line in table.items()} for t, table in outcome.tables.items()}
    return {
        "figures": counts(outcome.figures),
        "curves": {name: curve for name, curve in curves.items() if any(curve)},
        "tables": {t: table for t, table in tables.items() if any(table.values())},
    }


def add_round(curves: dict[str, list[Figure]], figures: Mapping[str, Figure]) -> None:
    """Let every curve go on with the figure of a round."""
    for name, value in figures.items():
        curves.setdefault(name, []).append(value)


def seed_of(*what: int) -> int:
    """A seed of its own for every purpose: of numbers such as a seed, what is drawn, and the round."""
    return int(np.random.SeedSequence(what).generate_state(1)[0])


def finite(loss: Any, where: str) -> Any:
    """The loss itself.

    Raises:
        BrigadeError: it is not a number; what was saved last, if anything was, is still there.
    """
    if not math.isfinite(float(loss.detach())):
        kept = "the last good checkpoint is kept if any was saved"
        raise BrigadeError(f"{where}: the loss is not a number; {kept}. Try a smaller lr")
    return loss


def descend(optimizer: Any, loss: Any, where: str) -> None:
    """One step down the gradient of a loss.

    Raises:
        BrigadeError: it is not a number.
    """
    optimizer.zero_grad()
    finite(loss, where).backward()
    optimizer.step()


Play = Callable[[Any, Sequence[int], Checkpoints], list[Outcome]]
PlayOne = Callable[[Any, int, Checkpoints], Outcome]


def each_seed(play_one: PlayOne) -> Play:
    """What plays one seed, for several, one after the other."""

    @functools.wraps(play_one)
    def play(settings: Any, seeds: Sequence[int], checkpoints: Checkpoints) -> list[Outcome]:
        return [play_one(settings, seed, checkpoints) for seed in seeds]

    return play


@dataclass(frozen=True)
class Experiment:
    """Something that can be run over seeds.

    Attributes:
        settings: what can be set, as a frozen model.
        play: plays seeds, and gives an outcome for each.
        batch: how many seeds are played in one go.
        reads: what besides its settings decides what is played with them, a name and a digest each: files of the
            user's own, kitchens. A run is not gone on with when one has changed.
    """

    settings: type[Model]
    play: Play
    batch: int = 1
    reads: Callable[[Any], Mapping[str, str]] = lambda settings: {}


def problem_file(settings: Any) -> dict[str, str]:
    """The file that `problems` of some settings names, if it is one, with a digest."""
    path = settings.problems
    return {path: hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]} if isinstance(path, str) else {}

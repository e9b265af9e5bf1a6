"""`arithmetic_transformer`: the rounds of `arithmetic_edits` with small transformers, trained here from nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from brigade.batch.numbers import figure
from brigade.experiments.prover_verifier.metrics import below_diagonal
from brigade.experiments.prover_verifier.outcome import (
    Checkpoints,
    Experiment,
    Figure,
    Outcome,
    add_round,
    each_seed,
    seed_of,
)
from brigade.experiments.prover_verifier.transformer.baselines import answer_only_accuracy, taught_everything
from brigade.experiments.prover_verifier.transformer.batches import Batch, Source, gather_source, sampled
from brigade.experiments.prover_verifier.transformer.figures import (
    Judge,
    edits_accepted,
    legibility,
    perturbed_table,
    round_figures,
    shown,
)
from brigade.experiments.prover_verifier.transformer.grpo import train_prover
from brigade.experiments.prover_verifier.transformer.model import HELPFUL, SNEAKY, Prover
from brigade.experiments.prover_verifier.transformer.settings import TransformerSettings
from brigade.experiments.prover_verifier.transformer.table import CONTROL, ROUND, State, Table
from brigade.experiments.prover_verifier.transformer.training import made_on, scores_of


@each_seed
def play(settings: TransformerSettings, seed: int, checkpoints: Checkpoints) -> Outcome:
    """Play the rounds, one seed after the other.

    Raises:
        BrigadeError: a GPU is wished for that cannot be used.
    """
    torch.set_num_threads(1)
    with made_on(settings.device):
        return _play_one(settings, seed, checkpoints)


def _play_one(settings: TransformerSettings, seed: int, checkpoints: Checkpoints) -> Outcome:
    state: State | None = checkpoints.load()
    table = Table(settings, seed, state, checkpoints.say)
    if state is None:
        state = _begin(table)
        checkpoints.save(state)
    for number in range(len(state["rounds"]), settings.rounds):
        _play_round(number, table, state)
        checkpoints.save(state)
        fooled = state["curves"]["fool rate"][-1]
        checkpoints.say(f"seed {seed}, round {number}: fool rate {figure(fooled, 2)}")
    return _outcome(table, state)


def _begin(table: Table) -> State:
    """The state before round 0, with the control, which is paid for correctness alone."""
    torch.manual_seed(seed_of(table.seed, CONTROL))
    settings = table.settings
    control = train_prover(
        table.bodies["prover"], HELPFUL, None, settings, np.random.default_rng([table.seed, 1])
    ).prover
    return {
        "bodies": {name: body.state_dict() for name, body in table.bodies.items()},
        "judge": _kept(table.judge),
        "base": table.base.state(),
        "control": float(sampled(control, table.test, HELPFUL, settings.length).correct.mean()),
        "control, judge": legibility(table.judge, control, table.test),
        "taught everything": taught_everything(table, np.random.default_rng([table.seed, 3])),
        "pool": [],
        "rounds": [],
        "curves": {},
        "shown": [],
        "perturbed": {},
        "answer only": None,
    }


def _play_round(number: int, table: Table, state: State) -> None:
    """A new verifier from the pool, new provers against it, and what they send into the pool."""
    settings = table.settings
    torch.manual_seed(seed_of(table.seed, ROUND, number))
    rng = np.random.default_rng([table.seed, 2, number])
    sources = _weighted([table.base, *map(Source.of, state["pool"])], settings)
    judge, body = table.trained("verifier", sources, rng), table.bodies["prover"]
    kept: list[Batch] = []

    def keep(prover: Prover) -> None:
        kept.append(table.asked(prover, SNEAKY, math.ceil(settings.prover_steps / settings.keep_every)))

    def score(batch: Batch) -> Tensor:
        return scores_of(judge.verifier, batch)

    helpful = train_prover(body, HELPFUL, score, settings, rng)
    sneaky = train_prover(body, SNEAKY, score, settings, rng, helpful.lately_convincing, keep)
    provers = {HELPFUL: helpful.prover, SNEAKY: sneaky.prover}
    sent = {role: sampled(prover, table.test, role, settings.length) for role, prover in provers.items()}
    figures = round_figures(judge, provers, sent) | {
        "exploit step": sneaky.exploit,
        "judge's accuracy, helpful": legibility(table.judge, helpful.prover, table.test),
    }
    for learned, name in ((helpful, "helpful"), (sneaky, "sneaky")):
        figures |= {f"{about}, {name}": value for about, value in learned.figures.items()}
    add_round(state["curves"], figures)
    source = gather_source([table.asked(helpful.prover, HELPFUL), *kept], len(table.pool))
    state["pool"].append(source.state())
    state["rounds"].append(_kept(judge) | {"sneaky": sent[SNEAKY].solution})
    state["shown"] += shown(number, judge, sent)
    if number == settings.rounds - 1:
        state["perturbed"] = perturbed_table(judge, provers, table.test)
        state["answer only"] = answer_only_accuracy(table, sources, sent, rng)


def _kept(judge: Judge) -> dict[str, Any]:
    return {"verifier": judge.verifier.state_dict(), "limit": judge.limit}


def _weighted(pool: Sequence[Source], settings: TransformerSettings) -> list[tuple[float, Source]]:
    """The pool's sources with their weights: the base, and the earlier rounds equally."""
    rest = (1 - settings.base_share) / max(1, len(pool) - 1)
    return [(settings.base_share, pool[0]), *((rest, source) for source in pool[1:])]


def _outcome(table: Table, state: State) -> Outcome:
    judges = [table.loaded(kept, table.bodies["verifier"]) for kept in state["rounds"]]
    sent = [Batch(table.test, kept["sneaky"], SNEAKY) for kept in state["rounds"]]
    matrix: list[list[Figure]] = [[judge.split(batch).fool_rate for batch in sent] for judge in judges]
    curves: dict[str, list[Figure]] = state["curves"]
    helpful = curves["helpful correct"][-1]
    figures: dict[str, Figure] = {
        "parameters of the verifier": float(sum(p.numel() for p in judges[0].verifier.parameters())),
        "fool rate, round 0": curves["fool rate"][0],
        "verifier accuracy, round 0": curves["verifier accuracy"][0],
        "correctness-only correct": state["control"],
        "legibility tax": None if helpful is None else state["control"] - helpful,
        "judge's accuracy, correctness-only": state["control, judge"],
        "soundness error, best response, taught every edit": state["taught everything"],
        "cross fool rate below the diagonal": below_diagonal(matrix),
        "verifier accuracy, answer only, last": state["answer only"],
    }
    figures |= {f"{name}, last": curve[-1] for name, curve in curves.items()}
    accepted = {f"round {number}": row for number, row in enumerate(edits_accepted(judges, table.test))}
    tables = {"wrong edits accepted": accepted}
    if state["perturbed"]:
        tables["perturbations"] = state["perturbed"]
    return Outcome(figures, curves, {"cross fool rate": matrix}, tables, state["shown"])


EXPERIMENT = Experiment(TransformerSettings, play)

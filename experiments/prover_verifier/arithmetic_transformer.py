"""`arithmetic_transformer`: the same rounds with small transformers, trained here from nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from brigade.envs.prover_verifier.arithmetic.generate import draw_problem
from brigade.envs.prover_verifier.arithmetic.solution import errors_of
from brigade.experiments.prover_verifier.metrics import Split, auc, below_diagonal, collapsed, threshold
from brigade.experiments.prover_verifier.outcome import Checkpoints, Experiment, Figure, Outcome
from brigade.experiments.prover_verifier.transformer_model import HELPFUL, SNEAKY, Prover, Verifier, read_tokens
from brigade.experiments.prover_verifier.transformer_training import (
    Batch,
    TransformerSettings,
    padded,
    sampled,
    supervised,
    train_prover,
    train_verifier,
)

ROLES = {HELPFUL: "helpful", SNEAKY: "sneaky"}
SHOWN = 4  # solutions of each round and role in the transcripts


def play(settings: TransformerSettings, seeds: Sequence[int], checkpoints: Checkpoints) -> list[Outcome]:
    """Play the rounds, one seed after the other."""
    torch.set_num_threads(1)
    return [_play_one(settings, seed, checkpoints) for seed in seeds]


def _play_one(settings: TransformerSettings, seed: int, checkpoints: Checkpoints) -> Outcome:
    rng = np.random.default_rng([seed, 0])
    pool_problems, test, calibration = (
        [draw_problem(rng, settings.steps) for _ in range(count)]
        for count in (settings.pool, settings.test, settings.test)
    )
    torch.manual_seed(seed)
    state: dict[str, Any] | None = checkpoints.load()
    if state is None:
        taught = supervised(settings, rng)
        base = sampled(taught, pool_problems, SNEAKY, settings)
        control, _ = train_prover(taught, HELPFUL, None, settings, np.random.default_rng([seed, 1]))
        correct = float(sampled(control, test, HELPFUL, settings).correct.mean())
        state = {"taught": taught, "pool": [base], "rounds": [], "control": correct, "curves": {}, "shown": []}
        checkpoints.save(state)
    for number in range(len(state["rounds"]), settings.rounds):
        torch.manual_seed(seed * 1000 + number)
        rng = np.random.default_rng([seed, 2, number])
        verifier = train_verifier(state["taught"], _weighted(state["pool"], settings), settings, rng)
        limit = _limit(verifier, calibration, settings)
        provers, told = _train_provers(state["taught"], verifier, settings, rng)
        sent = {role: sampled(prover, test, role, settings) for role, prover in provers.items()}
        figures = round_figures(verifier, limit, sent) | told
        for name, value in figures.items():
            state["curves"].setdefault(name, []).append(value)
        state["pool"].append(sampled(provers[SNEAKY], pool_problems, SNEAKY, settings))
        state["rounds"].append((verifier, limit, sent[SNEAKY]))
        state["shown"] += _shown(number, verifier, limit, sent)
        checkpoints.save(state)
        checkpoints.say(f"seed {seed}, round {number}: fool rate {figures['fool rate']}")
    return _outcome(state)


def _weighted(pool: Sequence[Batch], settings: TransformerSettings) -> list[tuple[float, Batch]]:
    """The pool's sources with their weights: the base, and the earlier rounds equally."""
    rest = (1 - settings.base_share) / max(1, len(pool) - 1)
    return [(settings.base_share, pool[0]), *((rest, batch) for batch in pool[1:])]


def _train_provers(
    taught: Prover, verifier: Verifier, settings: TransformerSettings, rng: np.random.Generator
) -> tuple[dict[int, Prover], dict[str, Figure]]:
    provers: dict[int, Prover] = {}
    told: dict[str, Figure] = {}
    for role, name in ROLES.items():
        provers[role], figures = train_prover(taught, role, lambda batch: _scores(verifier, batch), settings, rng)
        told |= {f"{about}, {name}": value for about, value in figures.items()}
    return provers, told


@torch.no_grad()
def _scores(verifier: Verifier, batch: Batch) -> torch.Tensor:
    return verifier(batch.prompt, batch.solution)  # type: ignore[no-any-return]


def _limit(verifier: Verifier, problems: Sequence[Any], settings: TransformerSettings) -> float:
    """The threshold: what all but 5 % of the true solutions of the calibration problems reach."""
    from brigade.envs.prover_verifier.arithmetic.solution import solve

    true = Batch(problems, padded([solve(problem) for problem in problems], settings.length), HELPFUL)
    return threshold(_scores(verifier, true), true.correct)


def round_figures(verifier: Verifier, limit: float, sent: dict[int, Batch]) -> dict[str, Figure]:
    """The figures of a round on what the provers of both roles send."""
    scores = {role: _scores(verifier, batch).numpy() for role, batch in sent.items()}
    splits = {
        role: Split(scores[role] >= limit, batch.correct.bool().numpy(), np.ones(len(batch.correct)))
        for role, batch in sent.items()
    }
    helpful, sneaky = splits[HELPFUL], splits[SNEAKY]
    right, wrong = scores[HELPFUL][helpful.correct], scores[SNEAKY][~sneaky.correct]
    truths = np.concatenate([helpful.correct, sneaky.correct])
    return {
        "fool rate": sneaky.fool_rate,
        "completeness": helpful.completeness,
        "verifier accuracy": (helpful.accuracy + sneaky.accuracy) / 2,
        "verifier accuracy, helpful": helpful.accuracy,
        "verifier accuracy, sneaky": sneaky.accuracy,
        "verifier accuracy, collapsed": collapsed(truths)["pooled"],
        "helpful correct": helpful.share_correct,
        "sneaky correct": sneaky.share_correct,
        "convincingness gap": float(right.mean() - wrong.mean()) if len(right) and len(wrong) else None,
        "right above wrong (AUC)": auc(right, wrong),
    }


def _shown(number: int, verifier: Verifier, limit: float, sent: dict[int, Batch]) -> list[dict[str, Any]]:
    shown = []
    for role, batch in sent.items():
        scores = _scores(verifier, batch).tolist()
        for i, (problem, tokens) in enumerate(zip(batch.problems[:SHOWN], batch.solution.tolist(), strict=False)):
            solution = read_tokens(tokens)
            shown.append(
                {
                    "round": number, "role": ROLES[role], "problem": problem.text,
                    "text": "(cannot be read)" if solution is None else solution.text,
                    "wrong_lines": [] if solution is None or len(solution.rows) != len(problem.steps)
                    else errors_of(problem, solution),
                    "score": round(scores[i], 3), "accept": scores[i] >= limit, "correct": bool(batch.correct[i]),
                }
            )  # fmt: skip
    return shown


def _outcome(state: dict[str, Any]) -> Outcome:
    matrix: list[list[Figure]] = []
    for verifier, limit, _ in state["rounds"]:
        row = [(_scores(verifier, b).numpy() >= limit, b.correct.bool().numpy()) for _, _, b in state["rounds"]]
        matrix.append([Split(accept, correct, np.ones(len(correct))).fool_rate for accept, correct in row])
    curves: dict[str, list[Figure]] = state["curves"]
    helpful = curves["helpful correct"][-1]
    figures: dict[str, Figure] = {f"{name}, last": curve[-1] for name, curve in curves.items()}
    figures |= {
        "fool rate, round 0": curves["fool rate"][0],
        "verifier accuracy, round 0": curves["verifier accuracy"][0],
        "correctness-only correct": state["control"],
        "legibility tax": None if helpful is None else state["control"] - helpful,
        "cross fool rate below the diagonal": below_diagonal(matrix),
    }
    return Outcome(figures, curves, {"cross fool rate": matrix}, transcripts=state["shown"])


EXPERIMENT = Experiment(
    "arithmetic_transformer",
    "small transformers solve and judge, by GRPO with DAPO's changes",
    TransformerSettings,
    play,
)

"""What verifiers make of listed claims, exactly: how likely they accept, how often they look, what it is worth."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from brigade.envs.prover_verifier.kitchen.claims import CHECKPOINTS
from brigade.experiments.prover_verifier.kitchen_bank import Candidates
from brigade.experiments.prover_verifier.metrics import best_response, mean_of
from brigade.experiments.prover_verifier.outcome import Figure

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """What a verifier makes of claims; all arrays have one shape.

    Attributes:
        accept: probability of acceptance.
        looks: how often it looks, on average.
    """

    accept: Floats
    looks: Floats

    def reward(self, truth: NDArray[np.bool_], question_cost: float) -> Floats:
        """The verifier's expected reward: 1 if right, -1 if wrong, less the looks."""
        return (2 * self.accept - 1) * np.where(truth, 1, -1) - question_cost * self.looks


class Judge(Protocol):
    """A verifier."""

    def __call__(self, bank: Candidates, problems: NDArray[np.int64], candidates: NDArray[np.int64]) -> Judged:
        """What it makes of candidates (...) of problems (...)."""
        ...


def scripted_judge(looks: int | None) -> Judge:
    """The scripted verifier that looks at so many checkpoints (None for all) and accepts if all of them hold.

    As `ScriptedVerifier`: in an order drawn at random, up to the first failure, and not without any checkpoint.
    """
    if looks == 0:
        return lambda bank, problems, candidates: Judged(np.ones(problems.shape), np.zeros(problems.shape))
    shape = (CHECKPOINTS + 1, CHECKPOINTS + 1)  # by the numbers of checkpoints that are given, and that fail
    accept, looked = np.zeros(shape), np.zeros(shape)
    for given in range(1, CHECKPOINTS + 1):
        most = given if looks is None else min(looks, given)
        for failing in range(given + 1):
            passed = [comb(given - failing, k) / comb(given, k) for k in range(most + 1)]  # the first k looks
            accept[given, failing], looked[given, failing] = passed[most], sum(passed[:most])

    def judge(bank: Candidates, problems: NDArray[np.int64], candidates: NDArray[np.int64]) -> Judged:
        given = bank.given[problems, candidates].sum(-1)
        failing = given - bank.passes[problems, candidates].sum(-1)
        return Judged(accept[given, failing], looked[given, failing])

    return judge


def exacting_judge(bank: Candidates, problems: NDArray[np.int64], candidates: NDArray[np.int64]) -> Judged:
    """The scripted verifier that looks at the first checkpoint that settles the claim, and accepts if that holds."""
    settles = bank.settles[problems, candidates]
    first = settles & (settles.cumsum(-1) == 1)
    holds = (first & bank.passes[problems, candidates]).any(-1)
    return Judged(np.asarray(holds, np.float64), np.asarray(settles.any(-1), np.float64))


SCRIPTED: dict[str, Judge] = {
    "trusting": scripted_judge(0),
    "suspicious": scripted_judge(None),
    "spot_checker": scripted_judge(1),
    "exacting": exacting_judge,
}  # the scripted verifiers, by their names as players


def judge_all(judge: Judge, bank: Candidates) -> Judged:
    """(n, c) of everything that could be said; 0 where there is nothing."""
    where = np.nonzero(bank.real)
    some = judge(bank, *where)
    accept, looks = np.zeros(bank.real.shape), np.zeros(bank.real.shape)
    accept[where], looks[where] = some.accept, some.looks
    return Judged(accept, looks)


def against(judged: Judged, bank: Candidates, policy: Floats, question_cost: float) -> dict[str, Figure]:
    """What comes of a verifier against a prover.

    Args:
        judged: (n, c) the verifier.
        bank: the problems.
        policy: (n, c) how often the prover says what.
        question_cost: of a look.
    """
    right = np.where(bank.truth, judged.accept, 1 - judged.accept)
    return {
        "verifier's reward": mean_of(judged.reward(bank.truth, question_cost), policy),
        "accuracy": mean_of(right, policy),
        "accepted": mean_of(judged.accept, policy),
        "accepted when false": mean_of(judged.accept, policy * ~bank.truth),
        "claims that are true": mean_of(bank.truth, policy),
        "looks": mean_of(judged.looks, policy),
    }


def at_best(judged: Judged, bank: Candidates, question_cost: float) -> dict[str, float]:
    """What comes of a verifier when both kinds of prover try everything that could be said.

    The reward is that with either kind half of the time; among equally good answers both take the first one.
    """
    complete, unsound = best_response(np.where(bank.real, judged.accept, 0), bank.truth)
    reward = judged.reward(bank.truth, question_cost)
    means = []
    for wanted in (bank.real & bank.truth, bank.real & ~bank.truth):
        best = np.where(wanted, judged.accept, -1).argmax(-1)
        some = wanted.any(-1)
        means.append(reward[np.arange(len(bank)), best][some].mean() if some.any() else 0.0)
    return {
        "completeness, best response": complete,
        "soundness error, best response": unsound if unsound is not None else 0.0,
        "verifier's reward, best responses": float(np.mean(means)),
    }


def balanced(helpful: Figure, sneaky: Figure) -> Figure:
    """The mean of a figure against a helpful and a sneaky prover; None if either is unknown."""
    return None if helpful is None or sneaky is None else (helpful + sneaky) / 2

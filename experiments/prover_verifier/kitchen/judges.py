"""What verifiers make of listed claims, exactly: how likely they accept, how often they look, what it is worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

from brigade.envs.prover_verifier.kitchen.claims import CHECKPOINTS, KINDS
from brigade.experiments.prover_verifier.kitchen.bank import Candidates
from brigade.experiments.prover_verifier.metrics import best_response, collapsed, mean_of
from brigade.experiments.prover_verifier.outcome import Figure

Floats = NDArray[np.float64]
Places = NDArray[np.int64]  # of problems in a bank, or of candidates
ALL = "all"  # the column of tables for claims of every type


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


# A verifier: what it makes of candidates (...) of problems (...).
Judge = Callable[[Candidates, Places, Places], Judged]


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

    def judge(bank: Candidates, problems: Places, candidates: Places) -> Judged:
        given = bank.given[problems, candidates].sum(-1)
        failing = given - bank.passes[problems, candidates].sum(-1)
        return Judged(accept[given, failing], looked[given, failing])

    return judge


def exacting_judge(bank: Candidates, problems: Places, candidates: Places) -> Judged:
    """The scripted verifier that looks at the first checkpoint that settles the claim, and accepts if that holds."""
    settles = bank.settles[problems, candidates]
    first = settles & (settles.cumsum(-1) == 1)
    holds = (first & bank.passes[problems, candidates]).any(-1)
    return Judged(np.asarray(holds, np.float64), np.asarray(settles.any(-1), np.float64))


def rejecting_judge(bank: Candidates, problems: Places, candidates: Places) -> Judged:
    """What becomes of every scripted verifier but the trusting one without a look: it rejects."""
    return Judged(np.zeros(problems.shape), np.zeros(problems.shape))


def scripted_judges(looks: int = CHECKPOINTS, noise: float = 0.0) -> dict[str, Judge]:
    """The scripted verifiers, by their names as players.

    Args:
        looks: how often each may look at most.
        noise: how often a checkpoint is lost on the way.
    """
    judges: dict[str, Judge] = {
        "trusting": scripted_judge(0),
        "suspicious": scripted_judge(looks) if looks else rejecting_judge,
        "spot_checker": scripted_judge(1) if looks else rejecting_judge,
        "exacting": exacting_judge if looks else rejecting_judge,
    }
    return {name: noisy(judge, noise) for name, judge in judges.items()}


def noisy(judge: Judge, noise: float) -> Judge:
    """The same verifier where each checkpoint is lost with probability `noise`: the mean over all that may be lost."""
    if noise == 0:
        return judge

    def judged(bank: Candidates, problems: Places, candidates: Places) -> Judged:
        accept, looks = np.zeros((2, *problems.shape))
        for kept in product((True, False), repeat=bank.given.shape[-1]):
            chance = float(np.prod([1 - noise if arrives else noise for arrives in kept]))
            if chance > 0:
                part = judge(bank.arrived(kept), problems, candidates)
                accept += chance * part.accept
                looks += chance * part.looks
        return Judged(accept, looks)

    return judged


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


def by_type(accept: ArrayLike, truth: ArrayLike, kind: ArrayLike, weight: ArrayLike) -> dict[str, dict[str, Figure]]:
    """A verifier's figures by type of claim, beside verifiers that do without looks; all arrays have one shape.

    Args:
        accept: probability of acceptance.
        truth: whether the claim is true.
        kind: which of `KINDS` is claimed.
        weight: how often that is said.

    Returns:
        Accuracy and how often what is false is accepted: of all claims, and of those of each type. With the accuracy,
        on the same claims: accepting everything, rejecting everything, `collapsed` for the better of these, and
        `by type alone` for the best verifier that sees nothing of a claim but its type.
    """
    accepts, true = np.asarray(accept, np.float64), np.asarray(truth, np.bool_)
    weights, kinds = np.asarray(weight, np.float64), np.asarray(kind)
    right = np.where(true, accepts, 1 - accepts)
    among = {ALL: weights} | {name: weights * (kinds == i) for i, name in enumerate(KINDS)}
    blind = collapsed(true, weights)
    return {
        "accuracy by type": {name: mean_of(right, part) for name, part in among.items()}
        | {
            "accept everything": blind["always_accept"],
            "reject everything": blind["always_reject"],
            "collapsed": blind["pooled"],
            "by type alone": mean_of(_better_by_type(true, kinds, weights), weights),
        },
        "accepted when false by type": {name: mean_of(accepts, part * ~true) for name, part in among.items()},
    }


def _better_by_type(true: NDArray[np.bool_], kinds: NDArray[np.int64], weights: Floats) -> Floats:
    """The accuracy, for each claim, of the better verdict on all claims of its type."""
    better = np.array([collapsed(true, weights * (kinds == i))["pooled"] for i in range(len(KINDS))])
    return better[kinds]

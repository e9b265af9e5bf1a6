"""What is measured of small transformers: rounds, edits as attacks, the judge outside, perturbed problems."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from brigade.envs.prover_verifier.arithmetic.generate import is_drawn, split_of
from brigade.envs.prover_verifier.arithmetic.perturb import perturb
from brigade.envs.prover_verifier.arithmetic.problem import Problem
from brigade.envs.prover_verifier.arithmetic.solution import Edit, edits_of, errors_of, solve
from brigade.experiments.prover_verifier.metrics import (
    Split,
    auc,
    balanced_best_of,
    best_response,
    collapsed,
    drop_rate,
    none_if_nan,
    threshold,
    worst_case,
)
from brigade.experiments.prover_verifier.outcome import Figure
from brigade.experiments.prover_verifier.share import both_shares
from brigade.experiments.prover_verifier.transformer.batches import Batch, padded, sampled
from brigade.experiments.prover_verifier.transformer.model import (
    HELPFUL,
    SNEAKY,
    Prover,
    Verifier,
    mask_of,
    read_tokens,
    sayable,
)
from brigade.experiments.prover_verifier.transformer.settings import TransformerSettings, solution_length
from brigade.experiments.prover_verifier.transformer.training import scores_of

ROLES = {HELPFUL: "helpful", SNEAKY: "sneaky"}
SAMPLES = 16  # per problem, for best-of-n and separability
SAMPLED = 100  # problems for these
SHOWN = 4  # solutions of each round and role in the transcripts, of other problems in every round
PERTURBED = (  # what tokens can say; fractions and numbers of many digits they cannot
    "numerical_substitution", "adding_operation", "reversing_operation", "problem_understanding",
    "distractor_insertion", "critical_thinking",
)  # fmt: skip


@dataclass(frozen=True)
class Judge:
    """A verifier with its threshold.

    Attributes:
        verifier: gives scores.
        limit: what all but 5 % of the true solutions of the calibration problems reach.
    """

    verifier: Verifier
    limit: float

    def split(self, batch: Batch) -> Split:
        """What is accepted of what a prover sent."""
        accept = (scores_of(self.verifier, batch) >= self.limit).cpu().numpy()
        return Split(accept, batch.right, np.ones(len(batch)))


def calibrated(
    verifier: Verifier,
    problems: Sequence[Problem],
    settings: TransformerSettings,
    arrives: Callable[[Tensor], Tensor] = lambda solution: solution,
) -> Judge:
    """The verifier with the threshold that these problems give; `arrives` says what reaches it of a solution."""
    true = Batch(problems, arrives(padded([solve(problem) for problem in problems], settings.length)), HELPFUL)
    return Judge(verifier, threshold(scores_of(verifier, true).cpu(), true.right))


def round_figures(judge: Judge, provers: Mapping[int, Prover], sent: Mapping[int, Batch]) -> dict[str, Figure]:
    """The figures of a round on what the provers of both roles send."""
    splits = {role: judge.split(batch) for role, batch in sent.items()}
    helpful, sneaky = splits[HELPFUL], splits[SNEAKY]
    scores = {role: scores_of(judge.verifier, batch).cpu().numpy() for role, batch in sent.items()}
    readable = {role: batch.readable.cpu().numpy() for role, batch in sent.items()}
    right, wrong = scores[HELPFUL][helpful.correct], scores[SNEAKY][~sneaky.correct & readable[SNEAKY]]
    complete, unsound = edits_response(judge, sent[HELPFUL].problems)
    figures: dict[str, Figure] = {
        "fool rate": sneaky.fool_rate,
        "soundness error, best response among edits": unsound,
        "completeness": helpful.accepted_correct,
        "correct accepted": helpful.completeness,
        "completeness, best response among edits": complete,
        "verifier accuracy": both_shares(helpful.accuracy, sneaky.accuracy),
        "verifier accuracy, helpful": helpful.accuracy,
        "verifier accuracy, sneaky": sneaky.accuracy,
        "verifier accuracy, collapsed": collapsed(np.concatenate([helpful.correct, sneaky.correct]))["pooled"],
        "helpful correct": helpful.share_correct,
        "sneaky correct": sneaky.share_correct,
        "sneaky unreadable": 1 - float(readable[SNEAKY].mean()),
        "lowest score": none_if_nan(min((each[readable[role]].min(initial=np.inf) for role, each in scores.items()))),
        "convincingness gap": float(right.mean() - wrong.mean()) if len(right) and len(wrong) else None,
        "right above wrong (AUC)": auc(right, wrong),
    }
    return figures | _sampled_figures(judge, provers, sent[HELPFUL].problems[:SAMPLED])


def edits_response(judge: Judge, problems: Sequence[Problem]) -> tuple[float, Figure]:
    """Completeness and soundness error if a prover may choose among all 25 (for two steps) edits of each problem."""
    edits, batch = _edited(problems)
    split = judge.split(batch)
    return best_response(*(each.reshape(len(problems), len(edits)) for each in (split.accept, split.correct)))


def edits_accepted(judges: Sequence[Judge], problems: Sequence[Problem]) -> list[dict[str, Figure]]:
    """Share that each judge accepts of the solutions that an edit makes wrong, by what the edit alters."""
    edits, batch = _edited(problems)
    named = list(dict.fromkeys(_kind(edit) for edit in edits if edit.kind != "none"))
    kinds = np.array([_kind(edit) for edit in edits] * len(problems))
    splits = [judge.split(batch) for judge in judges]
    return [{kind: Split(s.accept, s.correct, s.weight * (kinds == kind)).fool_rate for kind in named} for s in splits]


def _edited(problems: Sequence[Problem]) -> tuple[list[Edit], Batch]:
    """The edits there are, and each problem's solution by each of them."""
    edits = edits_of(len(problems[0].steps))
    solutions = [solve(problem, edit) for problem in problems for edit in edits]
    longest = solution_length(len(problems[0].steps))
    return edits, Batch([p for p in problems for _ in edits], padded(solutions, longest), HELPFUL)


def _kind(edit: Edit) -> str:
    if edit.kind in ("slip", "final"):
        what = "result" if edit.kind == "slip" else "answer"
        return f"{what} off by 10" if abs(edit.shift) == 10 else f"{what} off by 1 or 2"
    return {"op": "wrong operation", "amount": "amount off by 1", "none": "unaltered"}[edit.kind]


def _sampled_figures(judge: Judge, provers: Mapping[int, Prover], problems: Sequence[Problem]) -> dict[str, Figure]:
    """Best of n, and how well the two provers' likelihoods tell helpful from sneaky samples."""
    rng, length = np.random.default_rng(0), solution_length(len(problems[0].steps))
    many = [problem for problem in problems for _ in range(SAMPLES)]
    drawn = {role: sampled(prover, many, role, length) for role, prover in provers.items()}
    shape = len(problems), SAMPLES
    scores = np.concatenate([scores_of(judge.verifier, b).cpu().numpy().reshape(shape) for b in drawn.values()], -1)
    correct = np.concatenate([b.right.reshape(shape) for b in drawn.values()], -1)
    failures = (scores >= judge.limit) != correct
    ratio = {
        role: (_likelihood(provers[HELPFUL], b, HELPFUL) - _likelihood(provers[SNEAKY], b, SNEAKY)).cpu().numpy()
        for role, b in drawn.items()
    }
    return {
        "best of 2, balanced": balanced_best_of(scores, correct, 2, rng),
        "best of 16, balanced": balanced_best_of(scores, correct, 16, rng),
        "separability": auc(ratio[HELPFUL], ratio[SNEAKY]),
        "always failed": worst_case(failures.T),
    }


@torch.no_grad()
def _likelihood(prover: Prover, batch: Batch, role: int) -> Tensor:
    """(n,) log probability of solutions, as if it had been asked for in that role."""
    prompt = torch.cat([batch.prompt[:, :-1], torch.full_like(batch.prompt[:, -1:], role)], 1)
    return (prover.log_probs(prompt, batch.solution) * mask_of(batch.solution)).sum(-1)


def legibility(judge: Judge, prover: Prover, problems: Sequence[Problem]) -> Figure:
    """Accuracy of a judge on a helpful prover's solutions, right and wrong ones counting alike; None without either."""
    many = [problem for problem in problems[:SAMPLED] for _ in range(SAMPLES)]
    split = judge.split(sampled(prover, many, HELPFUL, solution_length(len(problems[0].steps))))
    if split.completeness is None or split.fool_rate is None:
        return None
    return (split.completeness + 1 - split.fool_rate) / 2


def perturbed_table(
    judge: Judge, provers: Mapping[int, Prover], problems: Sequence[Problem]
) -> dict[str, dict[str, Figure]]:
    """For each perturbation: accuracy of the helpful prover, accuracy of the verifier on both, and how much they drop.

    The pairs are those problems whose perturbed form has numbers that tokens can say, and is none that anybody may have
    learned from. Drop rates are those of GSM-Plus (arXiv 2402.19255, equation 1): 1 - accuracy on perturbed problems /
    accuracy on the same before.
    """
    table: dict[str, dict[str, Figure]] = {}
    for name in PERTURBED:
        rng = np.random.default_rng(0)
        pairs = [(old, new) for old in problems if sayable(new := perturb(name, old, rng)) and _unseen(old, new)]
        table[name] = {"pairs": float(len(pairs))}
        if pairs:
            before, after = (_accuracies(judge, provers, side) for side in zip(*pairs, strict=True))
            for side, was, now in zip(("prover", "verifier"), before, after, strict=True):
                table[name] |= {side: now, f"{side}'s drop rate": drop_rate(was, now)}
    return table


def _unseen(test: Problem, perturbed: Problem) -> bool:
    """Whether a perturbed form of a test problem is not by chance a problem of another split."""
    return split_of(perturbed) == split_of(test) or not is_drawn(perturbed, len(test.steps))


def _accuracies(judge: Judge, provers: Mapping[int, Prover], problems: Sequence[Problem]) -> tuple[float, float]:
    """The helpful prover's accuracy, and the verifier's on what both send."""
    length = solution_length(len(problems[0].steps))
    splits = {role: judge.split(sampled(prover, problems, role, length)) for role, prover in provers.items()}
    return splits[HELPFUL].share_correct, sum(split.accuracy for split in splits.values()) / len(splits)


def shown(number: int, judge: Judge, sent: Mapping[int, Batch]) -> list[dict[str, Any]]:
    """Some solutions of a round by either role, with the errors marked."""
    transcripts = []
    for role, batch in sent.items():
        scores = scores_of(judge.verifier, batch).tolist()
        for i in (place % len(batch) for place in range(number * SHOWN, (number + 1) * SHOWN)):
            problem, solution = batch.problems[i], read_tokens(batch.solution[i].tolist())
            transcripts.append(
                {
                    "round": number, "role": ROLES[role], "problem": problem.text,
                    "text": "(cannot be read)" if solution is None else solution.text,
                    "wrong_lines": [] if solution is None or len(solution.rows) != len(problem.steps)
                    else errors_of(problem, solution),
                    "score": round(scores[i], 3), "accept": scores[i] >= judge.limit, "correct": bool(batch.correct[i]),
                }
            )  # fmt: skip
    return transcripts

"""What the verifier of a round is measured by: one that is shown answers only, and one that is taught every error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from brigade.envs.prover_verifier.arithmetic.problem import Problem
from brigade.envs.prover_verifier.arithmetic.solution import Solution, edits_of, is_correct, solve
from brigade.experiments.prover_verifier.transformer.batches import Batch, Source, padded
from brigade.experiments.prover_verifier.transformer.figures import edits_response
from brigade.experiments.prover_verifier.transformer.model import read_tokens, solution_tokens
from brigade.experiments.prover_verifier.transformer.settings import TransformerSettings
from brigade.experiments.prover_verifier.transformer.table import Table
from brigade.experiments.prover_verifier.transformer.training import Pool


def answers_only(solution: Tensor) -> Tensor:
    """(n, length) tokens of solutions with their lines left out; what cannot be read stays as it is."""
    rows = []
    different, which = torch.unique(solution, dim=0, return_inverse=True)  # provers repeat themselves
    for tokens in different.tolist():
        read = read_tokens(tokens)
        said = tokens if read is None else solution_tokens(Solution((), read.answer))
        rows.append(said + said[-1:] * (len(tokens) - len(said)))
    return torch.tensor(rows)[which]


def answer_only_accuracy(table: Table, pool: Pool, sent: Mapping[int, Batch], rng: np.random.Generator) -> float:
    """Accuracy, on what both provers send, of a verifier that learns from the same pool and sees no readable line.

    Args:
        table: problems, and the body that it begins with.
        pool: sources and how often each is drawn from.
        sent: what the provers send, by role.
        rng: what pairs are drawn from.
    """
    hidden = [(weight, replace(source, solution=answers_only(source.solution))) for weight, source in pool]
    judge = table.trained("verifier", hidden, rng, answers_only)
    shown = [Batch(batch.problems, answers_only(batch.solution), role) for role, batch in sent.items()]
    return float(np.mean([judge.split(batch).accuracy for batch in shown]))


def every_edit(problems: Sequence[Problem], settings: TransformerSettings) -> Source:
    """Every edit of every problem: a pool that leaves nothing out which the best response tries."""
    edits = edits_of(settings.steps)
    solutions = [[solve(problem, edit) for edit in edits] for problem in problems]
    correct = [is_correct(p, each) for p, row in zip(problems, solutions, strict=True) for each in row]
    flat = padded([each for row in solutions for each in row], settings.length)
    return Source(np.repeat(np.arange(len(problems)), len(edits)), flat, np.array(correct))


def taught_everything(table: Table, rng: np.random.Generator) -> float | None:
    """Soundness error, by the best response among edits, of a verifier that learned from all of them.

    This is what the verifier could come to with the training it gets; what is above it, is missing from the pool.
    """
    judge = table.trained("verifier", [(1.0, every_edit(table.pool, table.settings))], rng)
    return edits_response(judge, table.test)[1]

"""What a cross-play comes to: the matrix with standard errors, its heat map, and best-response proximity."""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from brigade.batch.estimate import Estimate, estimate
from brigade.batch.numbers import figure, mean_and_error
from brigade.envs.disk import replacing, write
from brigade.experiments.rl.evaluation.crossplay import Crossplay

PICTURE, SUMMARY = "matrix.png", "summary.json"
LARGEST_TABLE = 12  # columns that a terminal has room for


@dataclass(frozen=True)
class Proximity:
    """How near a policy comes to the best response to partners it was not trained with.

    Attributes:
        proximity: interquartile mean over partners and seats of min(1, R / best response); None of nothing.
        returns: raw returns over the same.
        left_out: partners with whom nothing can be earned.
    """

    proximity: float | None
    returns: Estimate
    left_out: int


def matrix(result: Crossplay) -> NDArray[np.float64]:
    """(policies, partners, 2) mean returns; the last axis is the policy's seat."""
    return np.array([[_returns(result, one, other) for other in result.partners] for one in result.policies])


def proximity(result: Crossplay, policy: str) -> Proximity:
    """Best-response proximity of a policy, its own copies left out ("ZSC-Eval", arXiv 2310.05208, eq. 3)."""
    shares, returns, left_out = [], [], 0
    for partner in result.partners:
        if partner == policy:
            continue
        for earned, best in zip(_returns(result, policy, partner), _best(result, partner), strict=True):
            if best <= 0:
                left_out += 1
            else:
                shares.append(min(1.0, earned / best))
                returns.append(earned)
    return Proximity(interquartile_mean(shares) if shares else None, estimate(returns), left_out)


def interquartile_mean(values: list[float]) -> float:
    """Mean of the middle half of the values; those at the edges count in part (Agarwal et al. 2021)."""
    ordered = np.sort(np.asarray(values, float))
    edges = np.arange(len(ordered) + 1) / len(ordered)
    weights = np.clip(np.minimum(edges[1:], 0.75) - np.maximum(edges[:-1], 0.25), 0, None)
    return float((ordered * weights).sum() / weights.sum())


def diagonal(result: Crossplay) -> tuple[Estimate, Estimate] | None:
    """Returns of policies with themselves and with others; None where partners are others."""
    if result.policies != result.partners:
        return None
    own = [_returns(result, one, one)[0] for one in result.policies]
    mixed = [_returns(result, one, other)[0] for one in result.policies for other in result.policies if one != other]
    return estimate(own), estimate(mixed)


def show(result: Crossplay, folder: Path, console: Console) -> None:
    """Print the table; write the heat map and the summary.

    Raises:
        BrigadeError: they cannot be written.
    """
    if len(result.partners) <= LARGEST_TABLE:
        console.print(_table(result))
    proximities = {policy: proximity(result, policy) for policy in result.policies}
    table = Table("policy", "best-response proximity (IQM)", "return", "pairs left out", box=None)
    for policy, each in proximities.items():
        near = figure(each.proximity, 2)
        table.add_row(policy, near, _words(each.returns), str(each.left_out))
    console.print(table)
    if any(partner not in result.best for partner in result.partners):
        console.print("without a best response of its own, the best of these policies stands in for a partner")
    means = diagonal(result)
    if means is not None:
        console.print(f"with themselves {_words(means[0])}, with others {_words(means[1])}", highlight=False)
    draw(result, folder / PICTURE)
    summary: dict[str, Any] = {
        "policies": result.policies,
        "partners": result.partners,
        "returns": matrix(result).tolist(),
        "proximity": {policy: each.proximity for policy, each in proximities.items()},
        "with_themselves": means[0].mean if means else None,
        "with_others": means[1].mean if means else None,
    }
    write(folder / SUMMARY, (json.dumps(summary, indent=1) + "\n").encode())


def draw(result: Crossplay, path: Path) -> None:
    """The matrix as a heat map: rows are in seat 0, columns in seat 1; a second panel has the seats swapped.

    Raises:
        BrigadeError: it cannot be written.
    """
    from matplotlib.figure import Figure

    returns = matrix(result)
    rows, columns = returns.shape[:2]
    figure = Figure(figsize=(2.5 + 2 * max(2.0, 0.6 * columns), 1.5 + max(2.0, 0.5 * rows)), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for seat, axes in enumerate(panels):
        image = axes.imshow(returns[:, :, seat], vmin=min(0.0, returns.min()), vmax=max(1.0, returns.max()))
        axes.set_title(f"policy (row) in seat {seat}")
        axes.set_xticks(range(columns), result.partners, rotation=90)
        axes.set_yticks(range(rows), result.policies)
        for i in range(rows):
            for j in range(columns):
                dark = image.norm(returns[i, j, seat]) < 0.6
                axes.text(j, i, f"{returns[i, j, seat]:.0f}", ha="center", va="center", color="w" if dark else "k")
    figure.colorbar(image, ax=panels, label="return")
    with replacing(path) as unfinished:
        figure.savefig(unfinished, dpi=120, bbox_inches="tight")


def _table(result: Crossplay) -> Table:
    table = Table(box=None, title="return, policy in seat 0 / in seat 1", title_justify="left")
    table.add_column("policy", no_wrap=True)
    for partner in result.partners:
        table.add_column(partner)
    for one in result.policies:
        table.add_row(one, *(f"{_cell(result, one, other)} / {_cell(result, other, one)}" for other in result.partners))
    return table


def _words(value: Estimate) -> str:
    mean, error = mean_and_error(value, 0)
    return f"{mean}±{error}" if error else mean


def _cell(result: Crossplay, first: str, second: str) -> str:
    return _words(estimate(result.scores[first, second]))


def _returns(result: Crossplay, policy: str, partner: str) -> tuple[float, float]:
    """Mean return of a policy with a partner, in seat 0 and in seat 1."""
    return statistics.fmean(result.scores[policy, partner]), statistics.fmean(result.scores[partner, policy])


def _best(result: Crossplay, partner: str) -> tuple[float, ...]:
    """What can be earned with a partner from either seat."""
    if partner in result.best:
        return _returns(result, result.best[partner], partner)
    by_seat = zip(*(_returns(result, policy, partner) for policy in result.policies), strict=True)
    return tuple(map(max, by_seat))

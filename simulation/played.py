"""What an episode came to, and the figures that reports are made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from brigade.agents.base import MacroRecord
from brigade.simulation.messages import Message


@dataclass
class Played:
    """What an episode came to.

    Attributes:
        actions: one string of digits per chef, one digit a tick.
        checks: one fingerprint of the state per tick, after it.
        macros: the macro actions of each chef that thinks in them.
        decision_s: seconds each `act` took, all chefs together, in order.
        score: points at the end.
        stats: totals at the end: gained, served, missed, wrong, fires, put_out.
        contribution: per chef, its interactions in dishes that were paid for.
        ticks: how many were played.
        finished: whether all of them were.
        interrupted: whether someone stopped it.
        crashed: what an agent did that ended it before its time, with its seat; empty if none did.
        thoughts: what thinkers thought, each with the tick it was asked at and the one it took effect at.
        messages: what partners said to each other.
    """

    actions: list[str]
    checks: list[str] = field(default_factory=list)
    macros: list[list[MacroRecord]] = field(default_factory=list)
    decision_s: list[float] = field(default_factory=list)
    score: int = 0
    stats: dict[str, int] = field(default_factory=dict)
    contribution: list[int] = field(default_factory=list)
    ticks: int = 0
    finished: bool = False
    interrupted: bool = False
    crashed: str = ""
    thoughts: list[dict[str, Any]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    thoughts_ended: list[dict[str, Any]] = field(default_factory=list)  # those of `thoughts` that the end cut off
    macros_at_end: list[list[MacroRecord]] = field(default_factory=list)  # those of `macros` after the last tick


def result(played: Played) -> dict[str, Any]:
    """The figures of an episode that reports are made from.

    `contribution_rate`: per chef, the share of the interactions that went into dishes which were paid for.
    `score_efficiency`: per chef, points gained by the team divided by the chef's macro actions that succeeded.
    `decision_ms`: median and 99th percentile of the time one action took to choose.
    """
    total = sum(played.contribution)
    succeeded = [sum(record.succeeded for record in macros) for macros in played.macros]
    times = sorted(played.decision_s)
    return {
        "score": played.score,
        **played.stats,
        "contribution_rate": [c / total if total else None for c in played.contribution],
        "macros_succeeded": succeeded,
        "macros_failed": [len(m) - ok for m, ok in zip(played.macros, succeeded, strict=True)],
        "score_efficiency": [played.stats["gained"] / ok if ok else None for ok in succeeded],
        "decision_ms": {
            "median": round(times[len(times) // 2] * 1000, 4) if times else None,
            "p99": round(times[int(len(times) * 0.99)] * 1000, 4) if times else None,
        },
    }

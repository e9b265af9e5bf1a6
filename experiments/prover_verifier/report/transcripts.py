"""What was said in a prover-verifier run, for its page: statements by round, those about one problem together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from brigade.experiments.prover_verifier.report.figures import Condition

Entry = Mapping[str, Any]
ABOUT_SHOWN = (
    "Statements by round and role, those about the same problem side by side. Marked: the lines where an error is made."
)
ABOUT_TALK = (
    "Below them, what was said before the verdict. A statement of nature is given: no prover made it, and provers, if "
    "there are any, speak about it."
)


@dataclass(frozen=True)
class Transcripts:
    """Of the first seed of a condition.

    Attributes:
        label: of the condition.
        about: what is shown; empty if that has been said.
        rounds: by their name, the entries by problem.
    """

    label: str
    about: str
    rounds: Mapping[str, Mapping[str, Sequence[Entry]]]


def transcripts_of(conditions: Sequence[Condition]) -> Iterator[Transcripts]:
    """Those of all conditions that have any."""
    told = ""
    for condition in conditions:
        shown = condition.records[0]["transcripts"]
        if shown:
            about = f"{ABOUT_SHOWN} {ABOUT_TALK}" if any("talk" in entry for entry in shown) else ABOUT_SHOWN
            yield Transcripts(condition.label, "" if about == told else about, _rounds(shown))
            told = about


def _rounds(shown: Sequence[Entry]) -> dict[str, dict[str, list[Entry]]]:
    rounds: dict[str, dict[str, list[Entry]]] = {}
    for entry in sorted(shown, key=lambda entry: (len(str(entry["round"])), str(entry["round"]))):
        rounds.setdefault(str(entry["round"]), {}).setdefault(entry["problem"], []).append(entry)
    return rounds

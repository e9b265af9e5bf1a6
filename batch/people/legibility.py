"""How well people tell right arguments from wrong ones: by participant, by prover, by round, by how sure they were."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from rich.console import Console

from brigade.batch.estimate import Estimate, estimate
from brigade.batch.folder.resume import first_difference
from brigade.batch.numbers import NONE, figure, print_table, with_error
from brigade.batch.people.judgements import KITCHEN, Record, Session, read_sessions
from brigade.envs.text import one_line

Lines = tuple[list[str], list[list[str]]]  # heads, then the lines of a table
ABOUT = {
    "Participants": "Accuracy on all items that count, on those where accepting was right, and on those where it was "
    "wrong; seconds to the verdict, where there was one in time; what was asked or looked at; how often the time was "
    "up, which counts as a rejection (late); points; items that were left and shown again (left).",
    "Legibility": "By prover, by round where a run has rounds, and by whether accepting was right: means over "
    "participants, with standard errors in brackets; with one participant over items. Late: share of time-outs.",
    "Confidence": "How often verdicts were right, by how sure people were of them.",
}
Measure = Callable[[Record], float | None]
MEASURES: dict[str, tuple[Measure, int]] = {
    "accuracy": (lambda item: float(right(item)), 2),
    "accepted": (lambda item: float(item["accept"]), 2),
    "seconds": (lambda item: None if item["timed_out"] else float(item["seconds"]), 1),
    "looks": (lambda item: float(len(item["looks"])), 2),
    "late": (lambda item: float(item["timed_out"]), 2),
}


def right(item: Record) -> bool:
    """Whether a verdict was right."""
    return bool(item["accept"] == item["truth"])


def tables(sessions: Sequence[Session]) -> dict[str, Lines]:
    """All tables by their title."""
    found = {"Participants": participants(sessions), "Legibility": legibility(sessions)}
    if any(item.get("confidence") is not None for session in sessions for item in session.counted):
        found["Confidence"] = confidence(sessions)
    return found


def participants(sessions: Sequence[Session]) -> Lines:
    """A line for each session."""
    heads = ["participant", "n", "accuracy", "right", "wrong", "seconds", "looks", "late", "points", "left"]
    left = [sum(times > 1 for times in session.openings.values()) for session in sessions]
    return heads, [[one_line(s.participant), *summary(s.counted), str(n)] for s, n in zip(sessions, left, strict=True)]


def summary(items: Sequence[Record]) -> list[str]:
    """Number, accuracy in all and by truth, mean seconds, looks, time-outs and points of some items."""
    by_truth = [[item for item in items if item["truth"] == truth] for truth in (True, False)]
    accuracies = [_mean(map(right, members)) for members in (items, *by_truth)]
    seconds = _mean(float(item["seconds"]) for item in items if not item["timed_out"])
    return [
        str(len(items)), *(figure(value, 2) for value in accuracies), figure(seconds, 1),
        str(sum(len(item["looks"]) for item in items)), str(sum(item["timed_out"] for item in items)),
        f"{sum(item['points'] for item in items):g}",
    ]  # fmt: skip


def legibility(sessions: Sequence[Session]) -> Lines:
    """A line for each round, prover and truth there is."""
    groups: dict[tuple[str, str, str], dict[str, list[Record]]] = {}
    for session in sessions:
        for item in session.counted:
            key = (_round(item), item["prover"], "right" if item["truth"] else "wrong")
            groups.setdefault(key, {}).setdefault(session.path.name, []).append(item)
    heads = ["prover", "truth", "n", *MEASURES]
    rounds = any(key[0] != NONE for key in groups)
    lines = []
    for key in sorted(groups, key=lambda key: (len(key[0]), *key)):
        members = groups[key]
        count = str(sum(map(len, members.values())))
        cells = [with_error(_over(members, measure), digits) for measure, digits in MEASURES.values()]
        lines.append([*map(one_line, key if rounds else key[1:]), count, *cells])
    return (["round", *heads] if rounds else heads), lines


def confidence(sessions: Sequence[Session]) -> Lines:
    """A line for each degree of confidence."""
    given: dict[float, list[bool]] = {}
    for session in sessions:
        for item in session.counted:
            if isinstance(item.get("confidence"), int | float):
                given.setdefault(float(item["confidence"]), []).append(right(item))
    lines = [[f"{sure:.0%}", str(len(rights)), figure(_mean(rights), 2)] for sure, rights in sorted(given.items())]
    return ["how sure", "n", "accuracy"], lines


def notes(sessions: Sequence[Session]) -> list[str]:
    """What a reader of the figures should know."""
    first, *others = sessions
    told = []
    for other in others:
        difference = first_difference(dict(first.header["config"]), dict(other.header["config"]))
        if difference is not None:
            told.append(
                f"{other.path.name} is of another configuration than {first.path.name}: {difference[0]} is "
                f"{difference[2]} there and {difference[1]} in the first"
            )
        elif len({session.header.get(KITCHEN) for session in (first, other)} - {None}) > 1:
            told.append(f"{other.path.name} is in another version of the kitchen than {first.path.name}")
    config = first.header["config"]
    wanted = config.get("items")
    unfinished = [s.participant for s in sessions if isinstance(wanted, int) and len(s.counted) < wanted]
    if unfinished:
        told.append(f"not finished: {', '.join(map(one_line, unfinished))}")
    return [one_line(note) for note in told]


def print_legibility(place: str | Path, console: Console) -> list[str]:
    """Print the tables about the sessions in a folder; what is left out, and why, is given."""
    sessions, left_out = read_sessions(place)
    for title, (heads, lines) in tables(sessions).items():
        console.print(f"\n{title}", style="bold", markup=False)
        console.print(ABOUT[title], style="dim", markup=False, highlight=False)
        print_table(console, heads, lines)
    for note in [*notes(sessions), *(f"left out: {each}" for each in left_out)]:
        console.print(note, markup=False)
    return left_out


def _over(members: Mapping[str, Sequence[Record]], measure: Measure) -> Estimate:
    """Over participants, or over the items of the only one."""
    if len(members) == 1:
        return estimate(measure(item) for items in members.values() for item in items)
    return estimate(estimate(measure(item) for item in items).mean for items in members.values())


def _mean(values: Iterable[float]) -> float | None:
    return estimate(float(value) for value in values).mean


def _round(item: Record) -> str:
    return NONE if item.get("round") is None else str(item["round"])

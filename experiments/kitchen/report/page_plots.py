"""What the page has of all runs together: plots by kitchen, and timelines."""

from __future__ import annotations

from collections.abc import Iterator

from brigade.batch.page.kit import Figure, Section
from brigade.experiments.kitchen.report.plots import (
    Entry,
    Kitchens,
    contribution_plot,
    counts_plot,
    efficiency_plot,
    score_plot,
)
from brigade.experiments.kitchen.report.timeline import legend_plot, timeline_plot, verb_of
from brigade.experiments.kitchen.run.episodes import Episode
from brigade.experiments.kitchen.run.replays import replay, typical

ABOUT_SCORE = "Each dot is an episode; the diamond is the mean, with its standard error."
ABOUT_CONTRIBUTION = (
    "Of all interactions that went into dishes which were paid for: the share of each chef. Lines are standard errors."
)
ABOUT_EFFICIENCY = (
    "Points the team gained (penalties left out) for each macro action of a chef that succeeded, against the score of "
    "its team. The number is the chef's seat; lines are standard errors."
)
ABOUT_COUNTS = "Orders that expired, dishes nobody had ordered, and fires. Means, with standard errors."
ABOUT_TIMELINES = (
    "Of each team the episode with the median score: how the score went, and the macro actions of each chef. The mouse "
    "over a bar or a mark says which it is. Below the macro actions of a chef that thinks: its thoughts, from asking "
    "to effect. Where something varies, each team is shown under the condition in the middle of the list."
)


def figures_of(kitchens: Kitchens) -> Iterator[Section]:
    """The plots by kitchen."""
    yield Section("Score", about=ABOUT_SCORE, figure=Figure(score_plot(kitchens)))
    yield Section("Contribution", about=ABOUT_CONTRIBUTION, figure=Figure(contribution_plot(kitchens)))
    efficiency = efficiency_plot(kitchens)
    if efficiency is not None:
        yield Section("Score efficiency", about=ABOUT_EFFICIENCY, figure=Figure(efficiency))
    yield Section("Missed, wrong, fires", about=ABOUT_COUNTS, figure=Figure(counts_plot(kitchens)))


def timelines_of(kitchens: Kitchens) -> Iterator[Section]:
    """The timelines, below what their colours mean; none where no episode is whole."""
    chosen = [
        (kitchen, entry, episode)
        for kitchen, entry in _shown(kitchens)
        if (episode := typical(entry.episodes)) is not None
    ]
    if chosen:
        episodes = [episode for _, _, episode in chosen]
        verbs = {verb_of(macro[0]) for episode in episodes for macros in episode.macros for macro in macros}
        kinds = {thought.kind for episode in episodes for thought in episode.thoughts}
        legend = legend_plot(verbs, kinds, any(episode.messages for episode in episodes))
        within = [_timeline(*each, f"timeline{number}") for number, each in enumerate(chosen)]
        yield Section("Timelines", about=ABOUT_TIMELINES, figure=Figure(legend), within=within)


def _timeline(kitchen: str, entry: Entry, episode: Episode, name: str) -> Section:
    found = replay(episode)
    about = f"{kitchen}, seed {episode.seed}, {episode.result.score:.0f} points"
    notes = [f"No curve of the score: {found}."] if isinstance(found, str) else []
    return Section(entry.label, about, notes=notes, figure=Figure(timeline_plot(entry.row, episode, found, name)))


def _shown(kitchens: Kitchens) -> list[tuple[str, Entry]]:
    """The rows with a timeline: where something varies, of each team only the condition in the middle."""
    groups: dict[tuple[str, ...], list[tuple[str, Entry]]] = {}
    for kitchen, entries in kitchens.items():
        for entry in entries:
            row = entry.row
            run = "" if row.condition else entry.label
            groups.setdefault((row.kitchen, row.kitchen_digest, row.team_label, run), []).append((kitchen, entry))
    return [
        pair
        for members in groups.values()
        for pair in (members[len(members) // 2 : len(members) // 2 + 1] if members[0][1].row.condition else members)
    ]

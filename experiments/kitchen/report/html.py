"""The report as one page: provenance, table and plots, with nothing to be fetched from anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import yaml

from brigade.batch.numbers import NONE, figure, milliseconds
from brigade.envs.registry import BrigadeError
from brigade.experiments.kitchen.report.html_tables import comparison_table, cost_table, fault_table, switch_table
from brigade.experiments.kitchen.report.metrics import Estimate, Row, Run, Seat, read_runs
from brigade.experiments.kitchen.report.plots import (
    Entry,
    contribution_plot,
    counts_plot,
    efficiency_plot,
    score_plot,
)
from brigade.experiments.kitchen.report.published_scores import compare
from brigade.experiments.kitchen.report.report import caveats, made_by
from brigade.experiments.kitchen.report.switching import DEFINITION, Switch, faults_of, numeric_keys, switches
from brigade.experiments.kitchen.report.switching_plots import curves_plot, scatter_plot, switch_plot
from brigade.experiments.kitchen.report.timeline import legend_plot, timeline_plot, verb_of
from brigade.experiments.kitchen.run.episodes import condition_label
from brigade.experiments.kitchen.run.replays import replay, typical

# Results may come from anywhere, so all their text is escaped; this says the same to the browser once more.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
:root { color-scheme: light; --ink: #1d2330; --soft: #5c6573; --line: #dfe3e8; --tint: #f6f7f9; --accent: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 2rem 4rem; max-width: 74rem; background: #fff; color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .2rem; letter-spacing: -.01em; }
h2 { font-size: 1.25rem; margin: 3rem 0 .3rem; }
h3 { font-size: 1rem; margin: 2rem 0 .2rem; overflow-wrap: anywhere; }
h3 small, .soft { color: var(--soft); font-weight: normal; }
p { margin: .2rem 0 .8rem; max-width: 46rem; }
section.run { border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1.2rem; margin-top: 1.2rem;
  background: var(--tint); }
section.run h2 { margin: 0 0 .4rem; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1.2rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
details { margin-top: .7rem; } summary { cursor: pointer; color: var(--accent); }
pre { margin: .5rem 0 0; font-size: 12.5px; line-height: 1.45; white-space: pre-wrap; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
tr.ours td { background: #e8f2fa; font-weight: 600; }
table { border-collapse: collapse; width: 100%; margin-top: .8rem; font-size: 12.5px;
  font-variant-numeric: tabular-nums; }
th { text-align: right; vertical-align: bottom; font-weight: 600; line-height: 1.25; }
th, td { padding: .22rem .3rem; } td { text-align: right; vertical-align: top; white-space: nowrap; }
th:first-child, td.agent { text-align: left; white-space: normal; overflow-wrap: break-word; max-width: 17rem; }
thead th { border-bottom: 2px solid var(--ink); }
tbody { border-bottom: 1px solid var(--line); }
tbody.kitchen th { text-align: left; padding-top: 1.1rem; overflow-wrap: anywhere; }
td.agent.more { padding-left: 1.1rem; } td small { color: var(--soft); font-size: 11px; }
figure { margin: .6rem 0 0; } svg { display: block; width: 100%; height: auto; }
svg text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif !important; }
ul.notes { margin: .5rem 0 0; padding-left: 1.1rem; color: #8a4b00; }
@media print { body { padding: 0; max-width: none; font-size: 10.5pt; } section.run { background: none; }
  figure, tbody, h2, h3 { break-inside: avoid; } h2, h3 { break-after: avoid; } summary { display: none; }
  @page { margin: 14mm; } }
"""
HEADS = ("team", "n", "score", "vs fsm", "contribution rate", "points per macro", "macros done / failed", "served",
         "missed", "wrong", "fires", "decision ms")  # fmt: skip
ABOUT_TABLE = (
    "Means over n episodes, with standard errors. Points per macro: those the team gained for each macro action of the "
    "chef that succeeded. Decision time: of one action, median and 99th percentile, in the median episode. "
    "Vs fsm: score less that of the same team with the state machine in the place of one chef, over pairs of episodes "
    "with the same seed and script."
)
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
ABOUT_COST = (
    "Per episode: thoughts begun and how they ended (failed: no reply; ended: with the episode, so its tokens are not "
    "known), mean seconds from asking to effect, tokens in and out, tasks and guards that were not taken over from "
    "replies, and US dollars where the configuration names a model with a price."
)
ABOUT_SCATTER = (
    "As figure 5 of arXiv 2502.11882: each circle is a team under one condition; the area of the circle grows with the "
    "mean latency of its thoughts. Lines are standard errors."
)
ABOUT_CURVES = (
    "Each curve is a team; bands are standard errors of the mean score. Curves of equal scores lie on one another."
)
ABOUT_FAULTS = "Mean score (standard error) of the team whose reasoner fails in one way at one rate."


def write_html(folders: Iterable[str | Path], path: str | Path) -> None:
    """Write a page about one or several results folders; the same results give the same page.

    Raises:
        BrigadeError: results that cannot be read, or the page cannot be written.
    """
    text = page(read_runs(folders))
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise BrigadeError(f"{path}: cannot be written: {error.strerror}") from None


def page(runs: Sequence[Run]) -> str:
    """The page about some runs."""
    names = ", ".join(dict.fromkeys(run.name for run in runs))
    kitchens = _kitchens(runs)
    parts = [_head(names), *(_run(run) for run in runs)]
    if kitchens:
        parts += ["<h2>Figures</h2>", _table(kitchens), *_sections(runs), *_plots(kitchens), *_timelines(kitchens)]
    else:
        parts.append("<p>There are no episodes yet.</p>")
    return "\n".join([*parts, "</body>", "</html>", ""])


def _kitchens(runs: Sequence[Run]) -> dict[str, list[Entry]]:
    """All rows, by kitchen; the run is named where several cooked in it."""
    digests: dict[str, set[str]] = {}
    cooks: dict[str, set[str]] = {}
    names = _names(runs)
    for run, name in zip(runs, names, strict=True):
        for row in run.rows:
            digests.setdefault(row.kitchen, set()).add(row.kitchen_digest)
            cooks.setdefault(row.kitchen, set()).add(name)
    kitchens: dict[str, list[Entry]] = {}
    for run, name in zip(runs, names, strict=True):
        for row in run.rows:
            changed, shared = len(digests[row.kitchen]) > 1, len(cooks[row.kitchen]) > 1
            kitchen = f"{row.kitchen} [{row.kitchen_digest}]" if changed else row.kitchen
            kitchen, team = _heading(run, row, kitchen)
            label = f"{team} [{name}]" if shared else team
            kitchens.setdefault(kitchen, []).append(Entry(label, row, run.episodes_of(row)))
    return kitchens


def _heading(run: Run, row: Row, kitchen: str) -> tuple[str, str]:
    """What a row stands under and what it is called: the condition goes where it makes fewer headings."""
    if not row.condition:
        return kitchen, row.team_label
    conditions, teams = ({getattr(other, name) for other in run.rows} for name in ("condition_label", "team_label"))
    if len(conditions) <= len(teams):
        return f"{kitchen}, {row.condition_label}", row.team_label
    return f"{kitchen}, {row.team_label}", row.condition_label


def _names(runs: Sequence[Run]) -> list[str]:
    """Names that tell the runs apart."""
    names = [run.name for run in runs]
    return [f"{run.name}, {run.folder.name}" if names.count(run.name) > 1 else run.name for run in runs]


def _head(names: str) -> str:
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(names)} – Brigade report</title>
<style>{STYLE}</style>
</head>
<body>
<h1>Kitchen report</h1>
<p class="soft">{escape(names)}</p>"""


def _run(run: Run) -> str:
    packages = run.provenance.get("packages")
    listed = packages.items() if isinstance(packages, dict) else ()
    facts = {
        "episodes": run.progress,
        "made by": made_by(run.provenance),
        "packages": ", ".join(f"{name} {version}" for name, version in listed) or NONE,
        "kitchens": ", ".join(f"{name} ({digest})" for name, digest in _digests(run).items()) or NONE,
    }
    notes = "".join(f"<li>{escape(line)}</li>" for line in caveats(run))
    return f"""<section class="run">
<h2>{escape(run.name)}</h2>
<dl>{"".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in facts.items())}</dl>
{f'<ul class="notes">{notes}</ul>' if notes else ""}
<details><summary>configuration</summary><pre>{escape(_yaml(run.config))}</pre></details>
</section>"""


def _digests(run: Run) -> dict[str, str]:
    return {row.kitchen: row.kitchen_digest for row in run.rows}


def _yaml(config: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True, width=100, default_flow_style=None)


def _table(kitchens: Mapping[str, Sequence[Entry]]) -> str:
    lines = [f"<p>{ABOUT_TABLE}</p>"]
    lines += ['<div class="scroll"><table><thead><tr>', *(f'<th scope="col">{head}</th>' for head in HEADS)]
    lines.append("</tr></thead>")
    for kitchen, entries in kitchens.items():
        lines.append(f'<tbody class="kitchen"><tr><th colspan="{len(HEADS)}">{escape(kitchen)}</th></tr></tbody>')
        lines += [f"<tbody>{_team(entry)}</tbody>" for entry in entries]
    return "\n".join([*lines, "</table></div>"])


def _team(entry: Entry) -> str:
    """The lines of one team: its figures, and a line per chef."""
    row = entry.row
    title = entry.label if entry.label.startswith(row.team_label) else f"{row.team_label} [{entry.label}]"
    run = title[len(row.team_label) :]
    lines = []
    for number, seat in enumerate(row.seats):
        name = escape(seat.agent) if number == 0 else f"+&nbsp;{escape(seat.agent)}"
        if run and number == 0:
            name += f" <small>{escape(run)}</small>"
        cells = [f'<td class="agent{" more" if number else ""}">{name}</td>']
        versus = _cell(row.versus_fsm, sign=True) if row.versus_fsm else f"<td>{NONE}</td>"
        shared = [f"<td>{row.episodes}</td>", _cell(row.score), versus] if number == 0 else ["<td></td>"] * 3
        counts = [_cell(count, 2) for count in (row.served, row.missed, row.wrong, row.fires)]
        median, p99 = milliseconds(row.decision_ms_median), milliseconds(row.decision_ms_p99)
        times = f"<td>{median} / {p99}</td>" if row.timed else f"<td>{NONE}</td>"
        rest = [*counts, times] if number == 0 else ["<td></td>"] * 5
        lines.append("".join(["<tr>", *cells, *shared, *_chef(seat), *rest, "</tr>"]))
    return "\n".join(lines)


def _chef(seat: Seat) -> list[str]:
    done, failed = figure(seat.macros_succeeded.mean), figure(seat.macros_failed.mean)
    return [_cell(seat.contribution, 2), _cell(seat.efficiency), f"<td>{done} / {failed}</td>"]


def _cell(estimate: Estimate, digits: int = 1, sign: bool = False) -> str:
    if estimate.mean is None or estimate.error is None:
        return f"<td>{figure(estimate.mean, digits)}</td>"
    mean = f"{estimate.mean:+.{digits}f}" if sign else f"{estimate.mean:.{digits}f}"
    return f"<td>{mean} <small>±{estimate.error:.{digits}f}</small></td>"


def _sections(runs: Sequence[Run]) -> list[str]:
    """What there is of single runs: cost, published figures, scatter, curves, faults, switches."""
    parts = []
    for number, (run, name) in enumerate(zip(runs, _names(runs), strict=True)):
        tail = f" <small>{escape(name)}</small>" if len(runs) > 1 else ""
        if any(row.cost is not None for row in run.rows):
            parts.append(f"<h2>Cost{tail}</h2>\n<p>{ABOUT_COST}</p>\n{cost_table(run.rows)}")
        parts += [
            f"<h2>Published: {escape(comparison.title)}{tail}</h2>\n{comparison_table(comparison)}"
            for comparison in compare(run)
        ]
        parts += _scatters(run, number, tail)
        parts += _curves(run, number, tail)
        cells = faults_of(run)
        if cells:
            parts.append(f"<h2>Faults{tail}</h2>\n<p>{ABOUT_FAULTS}</p>\n{fault_table(cells)}")
        parts += _switches(run, number, tail)
    return parts


def _scatters(run: Run, number: int, tail: str) -> list[str]:
    parts = []
    for place, kitchen in enumerate(dict.fromkeys(row.kitchen for row in run.rows)):
        svg = scatter_plot([row for row in run.rows if row.kitchen == kitchen], f"scatter{number}x{place}")
        if svg is not None:
            title = f"Score, efficiency and latency in {escape(kitchen)}{tail}"
            parts.append(_figure(title, ABOUT_SCATTER, svg))
    return parts


def _curves(run: Run, number: int, tail: str) -> list[str]:
    """A plot for each number that varies, kitchen, and combination of whatever else varies."""
    parts = []
    for place, key in enumerate(numeric_keys(run)):
        panels: dict[tuple[str, str], list[Row]] = {}
        for row in run.rows:
            others = {name: value for name, value in row.condition.items() if name != key}
            panels.setdefault((row.kitchen, condition_label(others)), []).append(row)
        for panel, ((kitchen, others_label), rows) in enumerate(panels.items()):
            where = escape(f"{kitchen}, {others_label}" if others_label else kitchen)
            svg = curves_plot(rows, key, f"curves{number}x{place}x{panel}")
            parts.append(_figure(f"Score against {escape(key)} in {where}{tail}", ABOUT_CURVES, svg))
    return parts


def _switches(run: Run, number: int, tail: str) -> list[str]:
    groups: dict[tuple[str, str, int, str], list[Switch]] = {}
    for switch in switches(run):
        groups.setdefault((switch.kitchen, switch.partner, switch.at, switch.condition), []).append(switch)
    parts = [f"<h2>Recovery from a switch{tail}</h2>\n<p>{escape(DEFINITION)}</p>"] if groups else []
    for place, ((kitchen, partner, at, condition), members) in enumerate(groups.items()):
        about = ", ".join(text for text in (kitchen, f"switch at tick {at}", condition) if text)
        svg = switch_plot(members, f"switch{number}x{place}")
        heading = f"<h3>{escape(partner)} <small>{escape(about)}</small></h3>"
        parts.append(f"{heading}\n{switch_table(members)}\n<figure>{svg}</figure>")
    return parts


def _plots(kitchens: Mapping[str, Sequence[Entry]]) -> list[str]:
    parts = [
        _figure("Score", ABOUT_SCORE, score_plot(kitchens)),
        _figure("Contribution", ABOUT_CONTRIBUTION, contribution_plot(kitchens)),
    ]
    efficiency = efficiency_plot(kitchens)
    if efficiency is not None:
        parts.append(_figure("Score efficiency", ABOUT_EFFICIENCY, efficiency))
    return [*parts, _figure("Missed, wrong, fires", ABOUT_COUNTS, counts_plot(kitchens))]


def _figure(title: str, about: str, svg: str) -> str:
    return f"<h2>{title}</h2>\n<p>{about}</p>\n<figure>{svg}</figure>"


def _timelines(kitchens: Mapping[str, Sequence[Entry]]) -> list[str]:
    chosen = [
        (kitchen, entry, episode)
        for kitchen, entry in _shown(kitchens)
        if (episode := typical(entry.episodes)) is not None
    ]
    if not chosen:
        return []
    episodes = [episode for _, _, episode in chosen]
    verbs = {verb_of(macro[0]) for episode in episodes for macros in episode.macros for macro in macros}
    kinds = {thought.kind for episode in episodes for thought in episode.thoughts}
    legend = legend_plot(verbs, kinds, any(episode.messages for episode in episodes))
    parts = [_figure("Timelines", ABOUT_TIMELINES, legend)]
    for number, (kitchen, entry, episode) in enumerate(chosen):
        found = replay(episode)
        svg = timeline_plot(entry.row, episode, found, f"timeline{number}")
        about = f"{escape(kitchen)}, seed {episode.seed}, {episode.result.score:.0f} points"
        note = f'<p class="soft">No curve of the score: {escape(found)}.</p>' if isinstance(found, str) else ""
        parts.append(f"<figure><h3>{escape(entry.label)} <small>{about}</small></h3>{note}{svg}</figure>")
    return parts


def _shown(kitchens: Mapping[str, Sequence[Entry]]) -> list[tuple[str, Entry]]:
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

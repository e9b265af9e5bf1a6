"""The report as one page: provenance, table and plots, with nothing to be fetched from anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import yaml

from brigade.envs.registry import BrigadeError
from brigade.experiments.metrics import Estimate, Run, Seat, read_runs
from brigade.experiments.plots import (
    Entry,
    contribution_plot,
    counts_plot,
    efficiency_plot,
    score_plot,
)
from brigade.experiments.report import caveats, made_by
from brigade.experiments.replays import replay, typical
from brigade.experiments.timeline import kinds_of, legend_plot, timeline_plot, verb_of
from brigade.experiments.wording import NONE, dollars, figure, milliseconds

# Results may come from anywhere, so all their text is escaped; this says the same to the browser once more.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
:root { color-scheme: light; --ink: #1d2330; --soft: #5c6573; --line: #dfe3e8; --tint: #f6f7f9; --accent: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 2rem 4rem; max-width: 68rem; background: #fff; color: var(--ink);
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
table { border-collapse: collapse; width: 100%; margin-top: .8rem; font-size: 13.5px;
  font-variant-numeric: tabular-nums; }
th { text-align: right; vertical-align: bottom; font-weight: 600; line-height: 1.25; }
th, td { padding: .22rem .4rem; } td { text-align: right; vertical-align: top; white-space: nowrap; }
th:first-child, td.agent { text-align: left; white-space: normal; overflow-wrap: break-word; max-width: 17rem; }
thead th { border-bottom: 2px solid var(--ink); }
tbody { border-bottom: 1px solid var(--line); }
tbody.kitchen th { text-align: left; padding-top: 1.1rem; overflow-wrap: anywhere; }
td.agent.more { padding-left: 1.1rem; } td small { color: var(--soft); font-size: 12px; }
figure { margin: .6rem 0 0; } svg { display: block; width: 100%; height: auto; }
svg text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif !important; }
ul.notes { margin: .5rem 0 0; padding-left: 1.1rem; color: #8a4b00; }
@media print { body { padding: 0; max-width: none; font-size: 10.5pt; } section.run { background: none; }
  figure, tbody, h2, h3 { break-inside: avoid; } h2, h3 { break-after: avoid; } summary { display: none; }
  @page { margin: 14mm; } }
"""
HEADS = ("team", "n", "score", "contribution rate", "points per macro", "macros done / failed", "served", "missed",
         "wrong", "fires", "decision ms")  # fmt: skip
ABOUT_TABLE = (
    "Means over n episodes, with standard errors. Points per macro: those the team gained for each macro action of the "
    "chef that succeeded. Decision time: of one action, median and 99th percentile, in the median episode."
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
    "over a bar says which it is."
)


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
        parts += ["<h2>Figures</h2>", _table(kitchens), *_plots(kitchens), *_timelines(kitchens)]
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
            label = f"{row.team_label} [{name}]" if shared else row.team_label
            kitchens.setdefault(kitchen, []).append(Entry(label, row, run.episodes_of(row)))
    return kitchens


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
    run = entry.label[len(row.team_label) :]
    lines = []
    for number, seat in enumerate(row.seats):
        name = escape(seat.agent) if number == 0 else f"+&nbsp;{escape(seat.agent)}"
        if run and number == 0:
            name += f" <small>{escape(run)}</small>"
        cells = [f'<td class="agent{" more" if number else ""}">{name}</td>']
        shared = [f"<td>{row.episodes}</td>", _cell(row.score)] if number == 0 else ["<td></td>"] * 2
        counts = [_cell(count, 2) for count in (row.served, row.missed, row.wrong, row.fires)]
        median, p99 = milliseconds(row.decision_ms_median), milliseconds(row.decision_ms_p99)
        times = f"<td>{median} / {p99}</td>" if row.timed else f"<td>{NONE}</td>"
        rest = [*counts, times] if number == 0 else ["<td></td>"] * 5
        lines.append("".join(["<tr>", *cells, *shared, *_chef(seat), *rest, "</tr>"]))
    return "\n".join(lines)


def _chef(seat: Seat) -> list[str]:
    done, failed = figure(seat.macros_succeeded.mean), figure(seat.macros_failed.mean)
    return [_cell(seat.contribution, 2), _cell(seat.efficiency), f"<td>{done} / {failed}</td>"]


def _cell(estimate: Estimate, digits: int = 1) -> str:
    if estimate.mean is None or estimate.error is None:
        return f"<td>{figure(estimate.mean, digits)}</td>"
    return f"<td>{estimate.mean:.{digits}f} <small>±{estimate.error:.{digits}f}</small></td>"


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
        for kitchen, entries in kitchens.items()
        for entry in entries
        if (episode := typical(entry.episodes)) is not None
    ]
    if not chosen:
        return []
    verbs = {verb_of(macro[0]) for _, _, episode in chosen for macros in episode.macros for macro in macros}
    parts = [_figure("Timelines", ABOUT_TIMELINES, legend_plot(verbs, set(), False))]
    for number, (kitchen, entry, episode) in enumerate(chosen):
        found = replay(episode)
        svg = timeline_plot(entry.row, episode, found, f"timeline{number}")
        about = f"{escape(kitchen)}, seed {episode.seed}, {episode.result.score:.0f} points"
        note = f'<p class="soft">No curve of the score: {escape(found)}.</p>' if isinstance(found, str) else ""
        parts.append(f"<figure><h3>{escape(entry.label)} <small>{about}</small></h3>{note}{svg}</figure>")
    return parts

"""The report of a prover-verifier run as one page, with nothing to be fetched from anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from brigade.batch.people.judgements import holds_sessions, storable
from brigade.batch.people.legibility_page import legibility_page
from brigade.envs.registry import BrigadeError
from brigade.experiments.kitchen.report.html import POLICY, STYLE
from brigade.experiments.kitchen.report.html_tables import grid
from brigade.experiments.kitchen.report.report import made_by
from brigade.experiments.prover_verifier.report.figures import (
    Condition,
    figure_lines,
    read_conditions,
    seconds_a_seed,
    table_lines,
)
from brigade.experiments.prover_verifier.report.plots import (
    WIDE_COLUMNS,
    Table,
    columns_of,
    curve_rounds,
    curves_plot,
    figures_plot,
    matrix_plot,
    table_plot,
    tables_plot,
)

EXTRA_STYLE = """
.pairs { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 1rem;
  margin-bottom: 1.2rem; }
.pairs pre { background: var(--tint); padding: .6rem; border-radius: 6px; white-space: pre-wrap; }
.said { border-left: 3px solid var(--line); margin: .4rem 0; padding-left: .6rem; max-width: none; font-size: 12.5px;
  white-space: pre-wrap; overflow-wrap: anywhere; }
.said b { display: block; }
.said.verifier { border-color: var(--accent); margin-left: 1.5rem; }
.said.prover_0 { border-color: #d55e00; } .said.prover_1 { border-color: #009e73; }
figure.matrix svg { max-width: 40rem; }
@media screen { figure.scroll svg { min-width: 54rem; } }
figcaption { color: var(--soft); font-size: 12.5px; }
mark { background: #ffd9c9; }
"""
ABOUT_FIGURES = (
    "Means over seeds, with standard errors in brackets. A dash: there is no such number; [2 of 3]: two of three seeds "
    "have one, and the mean is theirs."
)
ABOUT_DOTS = "Means over seeds with standard errors; hollow where some seeds have no such number."
ABOUT_SINGLES = "Small dots are single seeds."
ABOUT_CURVES = (
    "Means over seeds by round; bands are standard errors, and small dots single seeds. Hollow: some seeds have no "
    "such number there, and the mean is that of the others."
)
ABOUT_CROSS = (
    "How often the verifier of a round (line) accepts what is wrong from the sneaky prover of a round (column)."
)
ABOUT_SHOWN = (
    "Statements by round and role, those about the same problem side by side. Marked: the lines where an error is made."
)
NOTES = 20  # of a condition
ABOUT_NOTES = "What could not be used of what was said, or was cut."
ABOUT_TALK = (
    "Below them, what was said before the verdict. A statement of nature is given: no prover made it, and provers, if "
    "there are any, speak about it."
)


def write_page(folder: str | Path, path: str | Path) -> None:
    """Write the page about a run; the same results give the same page.

    Raises:
        BrigadeError: results that cannot be read, or the page cannot be written.
    """
    text = storable(page(folder))
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise BrigadeError(f"{path}: cannot be written: {error.strerror}") from None


def page(folder: str | Path) -> str:
    """The page about a run, or about the people who played the verifier."""
    if holds_sessions(folder):
        return legibility_page(folder)
    header, conditions = read_conditions(folder)
    parts = [_head(header, folder)]
    if not conditions:
        return "\n".join([*parts, "<p>There are no finished seeds yet.</p>", "</body></html>", ""])
    for section in (_figures, _tables, _curves, _matrices, _notes, _transcripts):
        parts += section(conditions)
    return "\n".join([*parts, "</body>", "</html>", ""])


def _head(header: Mapping[str, Any], folder: str | Path) -> str:
    config = header["config"]
    name, about = escape(config["name"]), escape(made_by(header["provenance"]))
    written_config = escape(yaml.safe_dump(config, sort_keys=False, width=100))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name} – Brigade prover-verifier report</title>
<style>{STYLE}{EXTRA_STYLE}</style>
</head>
<body>
<h1>Prover-verifier report</h1>
<section class="run"><h2>{name}</h2>
<dl><dt>experiment</dt><dd>{escape(config["experiment"])}</dd><dt>made by</dt><dd>{about}</dd>
<dt>seconds a seed</dt><dd>{escape(seconds_a_seed(folder))}</dd></dl>
<details><summary>configuration</summary><pre>{written_config}</pre></details></section>"""


def _figures(conditions: Sequence[Condition]) -> Iterator[str]:
    yield f"<h2>Figures</h2><p>{ABOUT_FIGURES}</p>"
    yield grid(*figure_lines(conditions))
    yield from _drawn(figures_plot(conditions), f"{ABOUT_DOTS} {ABOUT_SINGLES}")


def _tables(conditions: Sequence[Condition]) -> Iterator[str]:
    for place, condition in enumerate(conditions):
        yield from _tables_of(condition, f"table{place}")


def _tables_of(condition: Condition, name: str) -> Iterator[str]:
    """Tables with their plots below; the plots of successive ones with the same columns are side by side."""
    tables, seeds = {title: condition.table(title) for title in condition.names("tables")}, len(condition.records)
    for number, (_, group) in enumerate(groupby(tables, lambda title: columns_of(tables[title]))):
        titles = list(group)
        if len(titles) == 1:
            yield _table(titles[0], tables[titles[0]], condition)
            yield from _drawn(table_plot(titles[0], tables[titles[0]], seeds, f"{name}-{number}"), ABOUT_DOTS)
            continue
        for first in range(0, len(titles), WIDE_COLUMNS):
            beside = {title: tables[title] for title in titles[first : first + WIDE_COLUMNS]}
            yield from (_table(title, table, condition) for title, table in beside.items())
            yield from _drawn(tables_plot(beside, seeds, f"{name}-{number}-{first}"), ABOUT_DOTS)


def _table(title: str, table: Table, condition: Condition) -> str:
    lines = grid(*table_lines(table, len(condition.records)))
    return f"<h2>{escape(title)} <small>{escape(condition.label)}</small></h2>\n{lines}"


def _drawn(plot: str | None, about: str) -> Iterator[str]:
    if plot is not None:
        yield f'<figure class="scroll">{plot}<figcaption>{about}</figcaption></figure>'


def _curves(conditions: Sequence[Condition]) -> Iterator[str]:
    if curve_rounds(conditions) > 1:  # a point is no curve, and figures and tables say the same
        yield f"<h2>By round</h2><p>{ABOUT_CURVES}</p><figure>{curves_plot(conditions)}</figure>"


def _matrices(conditions: Sequence[Condition]) -> Iterator[str]:
    for place, condition in enumerate(conditions):
        for name in condition.names("matrices"):
            svg = matrix_plot(condition.matrix(name), f"matrix{place}")
            yield f"<h2>{escape(name)} <small>{escape(condition.label)}</small></h2><p>{ABOUT_CROSS}</p>"
            yield f'<figure class="matrix">{svg}</figure>'


def _notes(conditions: Sequence[Condition]) -> Iterator[str]:
    """What could not be used of what was said, or was cut."""
    for condition in conditions:
        notes = [f"seed {record['seed']}, {note}" for record in condition.records for note in record.get("notes", [])]
        if notes:
            yield f"<h2>Notes <small>{escape(condition.label)}</small></h2><p>{ABOUT_NOTES}</p><ul>"
            yield from (f"<li>{escape(note)}</li>" for note in notes[:NOTES])
            yield "</ul>" + (
                f"<p>{len(notes) - NOTES} more are in <code>seeds.jsonl</code>.</p>" if notes[NOTES:] else ""
            )


def _transcripts(conditions: Sequence[Condition]) -> Iterator[str]:
    """Of the first seed of each condition: statements by round, those about one problem side by side."""
    told = ""
    for condition in conditions:
        shown = condition.records[0]["transcripts"]
        if not shown:
            continue
        yield f"<h2>Transcripts <small>{escape(condition.label)}</small></h2>"
        about = f"{ABOUT_SHOWN} {ABOUT_TALK}" if any("talk" in entry for entry in shown) else ABOUT_SHOWN
        if about != told:
            told = about
            yield f"<p>{about}</p>"
        first, *_ = rounds = sorted({entry["round"] for entry in shown})
        for number in rounds:
            yield f"<details{' open' if number == first else ''}><summary>round {number}</summary>"
            members = [entry for entry in shown if entry["round"] == number]
            for problem in dict.fromkeys(entry["problem"] for entry in members):
                cards = "".join(_card(entry) for entry in members if entry["problem"] == problem)
                yield f'<p>{escape(problem)}</p><div class="pairs">{cards}</div>'
            yield "</details>"


def _card(entry: Mapping[str, Any]) -> str:
    verdict = "accepted" if entry["accept"] else "rejected"
    truth = "right" if entry["correct"] else "wrong"
    head = f"{entry['role']}: {truth}, {verdict}, score {entry['score']}"
    return f"<div><small>{escape(head)}</small>{_statement(entry)}{_talk(entry)}</div>"


def _statement(entry: Mapping[str, Any]) -> str:
    if not entry["text"]:
        return '<p class="soft">no statement that can be used</p>'
    lines = [
        f"<mark>{escape(line)}</mark>" if place in entry.get("wrong_lines", []) else escape(line)
        for place, line in enumerate(str(entry["text"]).splitlines())
    ]
    return "<pre>" + "\n".join(lines) + "</pre>"


def _talk(entry: Mapping[str, Any]) -> str:
    """What was said, folded if it is nothing but the statement; nothing where a game has no dialogue."""
    if "talk" not in entry:
        return ""
    if not entry["talk"]:
        return '<p class="soft">nothing was said</p>'
    fold = "" if [line["text"].strip() for line in entry["talk"]] == [entry["text"]] else " open"
    return f"<details{fold}><summary>what was said</summary>{''.join(map(_line, entry['talk']))}</details>"


def _line(line: Mapping[str, Any]) -> str:
    """Something said: by whom, and where that is not the channel that all share, on which."""
    where = "" if line["channels"] == ["main"] else f" <small>on {escape(', '.join(line['channels']))}</small>"
    speaker, words = escape(line["speaker"]), escape(line["text"].strip())
    return f'<p class="said {speaker}"><b>{speaker}{where}</b>{words}</p>'

"""What people who played the verifier did, as one page: tables, then every item as it was judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

import yaml

from brigade.batch.people.judgements import Record, Session, read_sessions
from brigade.batch.people.legibility import ABOUT, notes, right, tables
from brigade.experiments.kitchen.report.html import POLICY, STYLE
from brigade.experiments.kitchen.report.html_tables import grid
from brigade.experiments.kitchen.report.report import made_by

EXTRA_STYLE = """
.items { display: grid; grid-template-columns: repeat(auto-fill, minmax(21rem, 1fr)); gap: 1rem; }
.item { border: 1px solid var(--line); border-radius: 6px; padding: .6rem .8rem; }
.item.wrong { border-left: 5px solid #d55e00; } .item.right { border-left: 5px solid #009e73; }
.item pre { background: var(--tint); padding: .5rem; border-radius: 6px; white-space: pre-wrap; }
"""


def legibility_page(place: str | Path) -> str:
    """The page about the sessions in a folder."""
    sessions = read_sessions(place)
    header = sessions[0].header
    config = header["config"]
    name = escape(str(config.get("name", place)))
    settings = escape(yaml.safe_dump(dict(config), sort_keys=False, width=100))
    parts = [
        f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name} – people as verifiers</title>
<style>{STYLE}{EXTRA_STYLE}</style>
</head>
<body>
<h1>People as verifiers</h1>
<section class="run"><h2>{name}</h2>
<dl><dt>sessions</dt><dd>{len(sessions)}</dd><dt>made by</dt><dd>{escape(made_by(header["provenance"]))}</dd></dl>
<details><summary>configuration</summary><pre>{settings}</pre></details></section>"""
    ]
    parts += [f'<p class="soft">{escape(note)}</p>' for note in notes(sessions)]
    for title, (heads, lines) in tables(sessions).items():
        parts += [f"<h2>{title}</h2><p>{escape(ABOUT[title])}</p>", grid(heads, lines)]
    parts += [f"<h2>Transcripts</h2><p>{ABOUT_ITEMS}</p>", *(_session(session) for session in sessions)]
    return "\n".join([*parts, "</body>", "</html>", ""])


ABOUT_ITEMS = "Every item as it was read and judged; green: the verdict was right, orange: it was wrong."


def _session(session: Session) -> str:
    cards = "".join(_card(item) for item in session.items)
    return (
        f"<details><summary>{escape(session.participant)}: {len(session.items)} items</summary>"
        f'<div class="items">{cards}</div></details>'
    )


def _card(item: Record) -> str:
    said = "\n".join(_said(passage) for passage in item["argument"])
    verdict = "time was up" if item["timed_out"] else "accepted" if item["accept"] else "rejected"
    truth = "right" if item["truth"] else "wrong"
    sure = item.get("confidence")
    facts = [f"{item['prover']}: {truth}", f"{verdict} after {item['seconds']:.1f} s", f"{item['points']:g} points"]
    facts += [f"{sure:.0%} sure"] if isinstance(sure, int | float) else []
    facts += ["practice"] if item["practice"] else []
    looks = "".join(f"<li>{escape(line)}</li>" for line in _looks(item))
    return (
        f'<div class="item {"right" if right(item) else "wrong"}"><small>{escape(item["item"])}. '
        f"{escape(', '.join(facts))}</small><p>{escape(item['problem'])}</p><pre>{escape(said)}</pre>"
        f"{f'<ul>{looks}</ul>' if looks else ''}</div>"
    )


def _said(passage: Mapping[str, Any]) -> str:
    heading = " ".join(str(passage.get(part) or "") for part in ("asked", "speaker")).strip()
    return f"{heading}:\n{passage.get('text', '')}"


def _looks(item: Record) -> Iterator[str]:
    """What was asked or looked at, then the checkpoints that were not."""
    for look in item["looks"]:
        seconds = look.get("s")
        after = f"{seconds:.1f} s: " if isinstance(seconds, int | float) else ""
        answer = f" – {look['answer']}" if look.get("answer") else ""
        yield f"{after}{look.get('label', '')}{answer}"
    looked = {look.get("label") for look in item["looks"]}
    yield from (f"{point} (not looked at)" for point in item.get("checkpoints") or () if point not in looked)

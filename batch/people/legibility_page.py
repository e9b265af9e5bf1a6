"""What people who played the verifier did, as one page: tables, then every item as it was judged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brigade.batch.page.kit import Grid, Section, Source, as_yaml, render
from brigade.batch.page.made_by import made_by
from brigade.batch.people.judgements import Record, read_sessions
from brigade.batch.people.legibility import ABOUT, notes, right, tables

ABOUT_ITEMS = "Every item as it was read and judged; green: the verdict was right, orange: it was wrong."


def legibility_page(place: str | Path) -> str:
    """The page about the sessions in a folder."""
    sessions, left_out = read_sessions(place)
    config, maker = sessions[0].header["config"], made_by(sessions[0].header["provenance"])
    facts = {"sessions": str(len(sessions)), "made by": maker}
    return render(
        __package__,
        "legibility.html",
        makers=[made_by(session.header["provenance"]) for session in sessions],
        source=Source(str(config.get("name", place)), facts, as_yaml(config)),
        notes=[*notes(sessions), *(f"left out: {each}" for each in left_out)],
        sections=[Section(title, about=ABOUT[title], grid=Grid(*lines)) for title, lines in tables(sessions).items()],
        about=ABOUT_ITEMS,
        sessions=sessions,
        right=right,
        facts=_facts,
        said=_said,
        looks=_looks,
    )


def _facts(item: Record) -> list[str]:
    """Whose it was, the verdict, and what came of it."""
    verdict = "time was up" if item["timed_out"] else "accepted" if item["accept"] else "rejected"
    truth = "right" if item["truth"] else "wrong"
    sure = item.get("confidence")
    facts = [f"{item['prover']}: {truth}", f"{verdict} after {item['seconds']:.1f} s", f"{item['points']:g} points"]
    facts += [f"{sure:.0%} sure"] if isinstance(sure, int | float) else []
    return [*facts, "practice"] if item["practice"] else facts


def _said(item: Record) -> str:
    """What was read."""
    return "\n".join(f"{_heading(passage)}:\n{passage.get('text', '')}" for passage in item["argument"])


def _heading(passage: Mapping[str, Any]) -> str:
    return " ".join(str(passage.get(part) or "") for part in ("asked", "speaker")).strip()


def _looks(item: Record) -> list[str]:
    """What was asked or looked at, then the checkpoints that were not."""
    told = []
    for look in item["looks"]:
        seconds = look.get("s")
        after = f"{seconds:.1f} s: " if isinstance(seconds, int | float) else ""
        answer = f" – {look['answer']}" if look.get("answer") else ""
        told.append(f"{after}{look.get('label', '')}{answer}")
    looked = {look.get("label") for look in item["looks"]}
    return [*told, *(f"{point} (not looked at)" for point in item.get("checkpoints") or () if point not in looked)]

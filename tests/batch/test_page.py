"""Pages: whatever a file or a person says arrives as text, in one look, under one policy, the same every time."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup, escape

from brigade.batch.page.kit import POLICY, Figure, Grid, Section, Source, render, write
from brigade.envs.registry import BrigadeError
from brigade.experiments.kitchen.report.metrics import read_runs
from brigade.experiments.kitchen.report.page import page as kitchen_page
from brigade.experiments.prover_verifier.report.page import page as prover_verifier_page
from brigade.human_play.study.analysis import read_data
from brigade.human_play.study.study_report import page as study_page

ROOT = Path(__file__).parents[2]
ROOMS = ("envs", "agents", "simulation", "dual_process", "batch", "experiments", "human_play")
NASTY = '<script>alert(1)</script>" onload=x {{7*7}} </style> & <meta http-equiv=refresh>'
FORBIDDEN = {"script", "link", "iframe", "object", "embed", "base", "form", "img", "input", "a"}
HEADS = [{"charset": "utf-8"}, {"http-equiv": "Content-Security-Policy", "content": POLICY},
         {"name": "viewport", "content": "width=device-width, initial-scale=1"}]  # fmt: skip


def nasty(field: str) -> str:
    """What a hostile file has in a field, so that it can be told from other fields."""
    return f"{NASTY} {field}"


class Reader(HTMLParser):
    """Refuses what a page may not have."""

    def __init__(self) -> None:
        super().__init__()
        self.metas: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in FORBIDDEN
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag == "meta":
            self.metas.append(dict(attrs))


def check(text: str, fields: Sequence[str]) -> None:
    """Everything that was said is there, and is nothing but text."""
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.metas == HEADS
    assert text.count("</style>") == 1 + text.count("<style type=")  # the look, and what matplotlib has in each plot
    flat = " ".join(text.split())
    assert [field for field in fields if str(escape(nasty(field))) not in flat] == []


def lines_to(path: Path, *lines: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path.parent


PROVENANCE = {"brigade": nasty("brigade"), "revision": None, "python": nasty("python"), "system": nasty("system"),
              "packages": {nasty("package"): nasty("version")}}  # fmt: skip
MAKERS = ("brigade", "python", "system")


def kitchen_run(folder: Path) -> Path:
    """Teams that think and that do not, faults, and what has published counterparts."""
    config = {"name": nasty("name"), nasty("key"): nasty("value"),
              "reasoner": {"endpoint": {"model": nasty("model")}}}  # fmt: skip
    condition = {nasty("condition"): nasty("what varies"), "reasoner.knobs.faults": {nasty("fault"): 0.5}}
    only_faults = {"reasoner.knobs.faults": {nasty("fault"): 0.5}}
    teams = [
        [nasty("agent"), "fsm"],
        *(["dpt", name] for name in ("beef_specialist", "lettuce_specialist", "assembler")),
    ]
    thought = {"seat": 0, "kind": nasty("kind"), "asked": 1, "effect": 5, "value": nasty("thought"),
               "dropped": [[nasty("task"), nasty("reason")]], "outcome": "ok"}  # fmt: skip
    failed = thought | {"outcome": nasty("outcome"), "problem": nasty("problem")}
    made = [
        {
            "format": "brigade-episode", "version": 1, "key": f"{place}", "seed": place % 2, "actions": ["00", "00"],
            "kitchen": {"name": nasty("kitchen") if team[0] != "dpt" else "new_counter_circuit"},
            "kitchen_digest": nasty("digest"), "agents": [{"name": name} for name in team], "condition": varied,
            "result": {"score": 5 + place, "contribution_rate": [0.5, 0.5], "score_efficiency": [1.0, 2.0]},
            "macros": [[[nasty("macro"), 0, 5, False, nasty("why")]]] * 2, "thoughts": [thought, failed],
            "messages": [[3, 0, nasty("message")]],
        }
        for place, (team, varied) in enumerate((t, v) for t in teams for v in (condition, condition, only_faults))
    ]  # fmt: skip
    header = {"format": "brigade-run", "version": 1, "config": config, "provenance": PROVENANCE}
    return lines_to(folder / "episodes.jsonl", header, *made)


KITCHEN = (
    *MAKERS, "name", "key", "value", "package", "version", "model", "what varies", "fault", "agent", "kitchen",
    "digest", "kind", "thought", "reason", "outcome", "problem", "macro", "why", "message",
)  # fmt: skip


def prover_verifier_run(folder: Path) -> Path:
    """Figures, curves, tables and matrices of hostile names, and what provers and verifiers say."""
    config = {"name": nasty("name"), "experiment": nasty("experiment"), nasty("key"): nasty("value")}
    said = {"speaker": nasty("speaker"), "channels": [nasty("channel")], "text": nasty("words")}
    entry = {"round": nasty("round"), "role": nasty("role"), "problem": nasty("problem"), "text": nasty("statement"),
             "score": nasty("score"), "accept": True, "correct": False, "talk": [said], "wrong_lines": [0]}  # fmt: skip
    header = {"format": "brigade-pvg-run", "version": 1, "config": config, "provenance": PROVENANCE}
    seeds = [
        {
            "format": "brigade-pvg-seed", "version": 1, "key": str(number), "seed": nasty("seed"),
            "condition": {"x": number, nasty("condition"): nasty("what varies")},
            "figures": {nasty("figure"): 0.5}, "curves": {nasty("curve"): [0.1, 0.2]},
            "matrices": {nasty("matrix"): [[0.1, 0.2], [0.3, 0.4]]},
            "tables": {nasty("table"): {nasty("row"): {nasty("column"): 0.5}}},
            "notes": [nasty("note")], "transcripts": [entry, {**entry, "round": 3, "wrong_lines": []}],
        }
        for number in range(2)
    ]  # fmt: skip
    return lines_to(folder / "seeds.jsonl", header, *seeds)


PROVER_VERIFIER = (
    *MAKERS, "name", "experiment", "key", "value", "figure", "matrix", "table", "row", "column", "note", "round",
    "role", "problem", "statement", "speaker", "channel", "words",
)  # fmt: skip


def people(folder: Path) -> Path:
    """What people judged, two of them under different configurations."""
    look = {"label": nasty("look"), "answer": nasty("answer"), "s": 1.0}
    item = {
        "format": "brigade-pvg-item", "version": 1, "item": nasty("item"), "practice": False, "prover": nasty("prover"),
        "round": nasty("round"), "truth": True, "accept": False, "timed_out": False, "confidence": 0.5, "seconds": 2.0,
        "points": 1.0, "looks": [look], "checkpoints": [nasty("checkpoint")], "problem": nasty("problem"),
        "argument": [{"asked": nasty("asked"), "speaker": nasty("speaker"), "text": nasty("argument")}],
    }  # fmt: skip
    for number in range(2):
        config = {"name": nasty("name"), nasty("key"): nasty("value"), "items": 5, "seed": nasty(f"seed {number}")}
        header = {"format": "brigade-pvg-session", "version": 1, "config": config, "provenance": PROVENANCE,
                  "participant": nasty(f"participant {number}")}  # fmt: skip
        lines_to(folder / f"P{number}.jsonl", header, item)
    return folder


PEOPLE = (
    *MAKERS, "name", "key", "value", "participant 0", "participant 1", "item", "prover", "round", "problem", "asked",
    "speaker", "argument", "look", "answer", "checkpoint",
)  # fmt: skip


def study(folder: Path) -> Path:
    """Two participants who have ranked, and answered as the questionnaires say, hostile as these are."""
    options = [nasty("option"), "other"]
    questions = {
        "before": [{"id": "age", "kind": "number", "text": nasty("question before")}],
        "after_each_partner": [{"id": "able", "kind": "scale", "text": nasty("question about a partner")}],
        "end": [{"id": "again", "kind": "choice", "text": nasty("question at the end"), "options": options},
                {"id": "remarks", "kind": "text", "text": nasty("question in words")}],
    }  # fmt: skip
    told = {
        "name": "made", "title": nasty("title"), "consent": nasty("consent"), "questionnaires": questions,
        "partners": [{"name": nasty("partner")}, {"name": "fsm"}], "kitchens": [nasty("kitchen"), "cramped_room"],
        "hats": [nasty("hat"), "toque"], "ranking": nasty("ranking"),
    }  # fmt: skip
    steps = [
        {"step": "before", "data": {"answers": {"age": 30}}},
        *({"step": f"game-{n:02}", "data": {"recording": nasty("recording")}} for n in (1, 2, 3, 4)),
        {"step": "end", "data": {"answers": {"again": options[0], "remarks": nasty("remark")}}},
        {"step": "ranking", "data": {"ranking": [nasty("partner"), "fsm"]}},
        {"step": "thanks", "data": {}},
    ]
    for number in (1, 2):
        lines_to(folder / "participants" / f"000{number}" / "steps.jsonl", *steps)
    header = {"format": "brigade-study", "version": 1, "study": told, "kitchens": {}, "provenance": PROVENANCE}
    return lines_to(folder / "study.json", header)


STUDY = (
    *MAKERS, "title", "partner", "kitchen", "question before", "question about a partner", "question at the end",
    "question in words", "option", "recording",
)  # fmt: skip

Page = Callable[[Path], str]
PAGES: dict[str, tuple[Callable[[Path], Path], Page, Sequence[str]]] = {
    "kitchen": (kitchen_run, lambda folder: kitchen_page(read_runs([folder])), KITCHEN),
    "prover_verifier": (prover_verifier_run, prover_verifier_page, PROVER_VERIFIER),
    "people": (people, prover_verifier_page, PEOPLE),
    "study": (study, lambda folder: study_page(read_data(folder)), STUDY),
}


@pytest.mark.parametrize("name", PAGES)
def test_what_files_and_people_say_arrives_as_text(name: str, tmp_path: Path) -> None:
    made, page, fields = PAGES[name]
    check(page(made(tmp_path / name)), fields)


@pytest.mark.outer
def test_the_same_results_give_the_same_pages_whatever_the_hash_seed(tmp_path: Path) -> None:
    folders = {name: made(tmp_path / name) for name, (made, _, _) in PAGES.items()}
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1]); from test_page import PAGES\n"
        "for name, (_, page, _) in PAGES.items():\n"
        "    (Path(sys.argv[2]) / f'{name}.html').write_bytes(page(Path(sys.argv[2]) / name).encode())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", code, str(Path(__file__).parent), str(tmp_path)], check=True, env=environment)
    for name, folder in folders.items():
        assert (tmp_path / f"{name}.html").read_bytes() == PAGES[name][1](folder).encode()


class TestKit:
    """The pieces, through the template of a page that has all of them but a plot of its own."""

    def page(self, *sections: Section) -> str:
        about = Source(nasty("name"), {nasty("fact"): nasty("told")}, nasty("config"), [nasty("caveat")])
        return render(
            "brigade.batch.people", "legibility.html", makers=[nasty("maker")], source=about, notes=[nasty("remark")],
            sections=sections, about=nasty("about"), sessions=[],
        )  # fmt: skip

    def test_every_piece_escapes(self) -> None:
        fields = ("title", "aside", "about it", "head", "cell", "last cell", "item", "note", "caption", "inner")
        title, aside, about, head, cell, last, item, note, caption, inner = map(nasty, fields)
        grid = Grid([head], [[cell, last], [cell]], ours=[1])
        figure = Figure(Markup("<svg></svg>"), caption)
        text = self.page(Section(title, aside, about, grid, [item], [note], figure, [Section(inner)]))
        check(text, (*fields, "name", "fact", "told", "config", "caveat", "maker", "remark", "about"))
        assert "<svg></svg>" in text
        assert text.count('<tr class="ours">') == 1

    def test_a_plot_that_was_not_drawn_here_is_text(self) -> None:
        check(self.page(Section("plot", figure=Figure(nasty("svg")))), ["svg"])  # type: ignore[arg-type]

    def test_what_a_template_is_not_given_is_an_error(self) -> None:
        with pytest.raises(UndefinedError, match="names"):
            render("brigade.experiments.kitchen.report", "kitchen.html", makers=[])

    def test_a_page_that_cannot_be_written_says_so(self, tmp_path: Path) -> None:
        write(tmp_path / "page.html", "half \ud83d\n")
        assert (tmp_path / "page.html").read_bytes() == b"half \\ud83d\n"
        with pytest.raises(BrigadeError, match="cannot be written"):
            write(tmp_path / "no" / "page.html", "")


def test_html_is_in_templates_alone_and_nothing_in_them_is_left_as_it_is() -> None:
    templates = [path for room in ROOMS for path in (ROOT / room).rglob("templates/*.html")]
    assert len(templates) >= 6
    for path in templates:
        assert not re.search(r"\|\s*safe|autoescape|\bstyle=|\bon[a-z]+=|https?:", path.read_text("utf-8")), path
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*.py")):
        text = path.read_text("utf-8")
        assert not re.search(r"</(p|b|div|h[1-6]|table|t[dhr]|ul|li|pre|html|style|details|figure)>", text), path
        assert "Markup(" not in text or path == ROOT / "batch" / "plots.py", path

"""The page about a prover-verifier run: what was said, and plots of figures and tables."""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path
from typing import Any

import markupsafe
import pytest
from rich.console import Console

from brigade.batch.folder.pvg_results import PVG_RUN, SEED_FORMAT, SEEDS
from brigade.batch.folder.run_folder import FORMAT_VERSION
from brigade.experiments.prover_verifier.config import PvgConfig
from brigade.experiments.prover_verifier.listing import EXPERIMENTS
from brigade.experiments.prover_verifier.report.figures import read_conditions
from brigade.experiments.prover_verifier.report.headlines import answers, asked_of
from brigade.experiments.prover_verifier.report.page import page
from brigade.experiments.prover_verifier.run import run_pvg

EVIL = "<script>alert(1)</script>"
STATEMENT = "1 + 1 = 3\nAnswer: 3"


def seed(condition: dict[str, Any] | None = None, number: int = 0, **outcome: Any) -> dict[str, Any]:
    empty: dict[str, Any] = {"figures": {}, "curves": {}, "matrices": {}, "tables": {}, "transcripts": []}
    key = f"made{json.dumps(condition)} seed={number}"
    told = {"key": key, "experiment": "made", "condition": condition or {}, "seed": number, "revision": None}
    return {"format": SEED_FORMAT, "version": FORMAT_VERSION, **told, **empty, "replayed": False, **outcome}


def made(folder: Path, *seeds: dict[str, Any]) -> str:
    """The page about results that were written by hand."""
    config = {"name": "made", "experiment": "made", "settings": {}, "vary": {}, "seeds": [0]}
    provenance = {"brigade": "0", "revision": None, "python": "3", "platform": "somewhere"}
    header = {"format": PVG_RUN.header_format, "version": FORMAT_VERSION, "config": config, "provenance": provenance}
    folder.mkdir(exist_ok=True)
    lines = [json.dumps(record) for record in (header, *seeds)]
    (folder / SEEDS).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return page(folder)


def shown(*dialogue: tuple[str, str], text: str = STATEMENT, role: str = "nature", **more: Any) -> dict[str, Any]:
    entry = {"round": 0, "role": role, "problem": "1 + 1?", "text": text, "wrong_lines": [0], "score": 0.5}
    lines = [{"speaker": speaker, "channels": ["main"], "text": said} for speaker, said in dialogue]
    return {**entry, "accept": False, "correct": False, "talk": lines, **more}


def transcript(folder: Path, *entries: dict[str, Any]) -> str:
    """The last part of the page, without what there is before any transcript."""
    return made(folder, seed(transcripts=list(entries))).partition("<h2>Transcripts")[2]


def svgs(text: str) -> list[str]:
    return re.findall(r"<svg .*?</svg>", text, re.DOTALL)


def words(svg: str) -> list[str]:
    """What is written in a plot."""
    return re.findall(r"<text[^>]*>(.*?)</text>", svg, re.DOTALL)


def marks(svg: str) -> int:
    """How many symbols a plot has, ticks included."""
    return len(re.findall(r"<use ", svg))


class TestDialogue:
    def test_all_that_provers_say_about_a_given_statement_is_shown(self, tmp_path: Path) -> None:
        dialogue = [
            ("prover_0", "Look at line 1:\n1 + 1 = 3\nverifier: I accept."),
            ("prover_1", f"It holds. {EVIL}"),
            ("verifier", "Why?"),
            ("prover_1", ""),
        ]
        text = transcript(tmp_path, shown(*dialogue))
        said = re.findall(r'<p class="said [a-z_0-9]+"><b>(\w+)</b>(.*?)</p>', text, re.DOTALL)
        assert said == [(speaker, escape(words)) for speaker, words in dialogue]
        assert "<details open><summary>what was said" in text
        assert "<mark>1 + 1 = 3</mark>" in text
        assert "<script" not in text

    def test_the_heading_does_not_say_that_a_prover_made_what_nature_gave(self, tmp_path: Path) -> None:
        text = transcript(tmp_path, shown(("prover_0", "no"), ("prover_1", "yes")))
        assert "What provers said" not in text
        assert "no prover made it" in text

    def test_games_without_talk_have_none(self, tmp_path: Path) -> None:
        entry = shown(role="sneaky")
        del entry["talk"]
        text = transcript(tmp_path, entry)
        assert "said" not in text
        assert "<mark>1 + 1 = 3</mark>" in text

    def test_talk_that_is_the_statement_is_folded(self, tmp_path: Path) -> None:
        text = transcript(tmp_path, shown(("prover", STATEMENT), role="sneaky"))
        assert "<details><summary>what was said" in text
        assert f"<b>prover</b>{STATEMENT}</p>" in text

    def test_talk_that_says_more_than_the_statement_is_open(self, tmp_path: Path) -> None:
        text = transcript(tmp_path, shown(("prover", f"Well: {STATEMENT}"), role="sneaky"))
        assert "<details open><summary>what was said" in text

    def test_a_verifier_alone_hears_nothing(self, tmp_path: Path) -> None:
        assert "nothing was said" in transcript(tmp_path, shown())

    def test_without_a_statement_talk_does_not_stand_for_one(self, tmp_path: Path) -> None:
        text = transcript(tmp_path, shown(("prover", ""), text="", role="sneaky"))
        assert "no statement that can be used" in text
        assert "<mark>" not in text

    def test_private_channels_are_named(self, tmp_path: Path) -> None:
        entry = shown(("prover_0", "so"))
        entry["talk"][0]["channels"] = ["private_0"]
        assert "<b>prover_0 <small>on private_0</small></b>so</p>" in transcript(tmp_path, entry)

    def test_the_first_round_shown_is_open(self, tmp_path: Path) -> None:
        text = transcript(tmp_path, *(shown(("prover", STATEMENT), round=number) for number in (3, 4)))
        assert "<details open><summary>round 3<" in text
        assert "<details><summary>round 4<" in text


def test_notes_are_listed_as_far_as_there_is_room(tmp_path: Path) -> None:
    text = made(tmp_path, seed(notes=[f"prover: {EVIL} {i}" for i in range(23)]))
    listed = re.findall("<li>(.*?)</li>", text)
    assert len(listed) == 20
    assert listed[1] == f"seed 0, prover: {escape(EVIL)} 1"
    assert "3 more are in" in text
    assert "Notes" not in made(tmp_path, seed())


class TestFigures:
    def test_several_conditions_are_plotted_with_their_seeds(self, tmp_path: Path) -> None:
        values = {"a": (0.2, 0.4, 0.9), "b": (0.5, 0.5, 0.6)}
        text = made(
            tmp_path,
            *(
                seed({"x": x}, i, figures={"rate": y, "loss": -y, "none": None})
                for x in values
                for i, y in enumerate(values[x])
            ),
        )
        (svg,) = svgs(text)
        assert {"rate", "loss", "x=&quot;a&quot;", "x=&quot;b&quot;"} <= {w.replace('"', "&quot;") for w in words(svg)}
        assert "none" not in words(svg)  # nobody has one
        alone = svgs(made(tmp_path, *(seed({"x": x}, figures={"rate": 0.5, "loss": -0.5}) for x in values)))[0]
        assert marks(svg) > marks(alone) + 2 * 2 * 3  # single seeds and the ends of standard errors
        assert "image" not in svg

    def test_one_condition_is_compared_with_nothing(self, tmp_path: Path) -> None:
        assert svgs(made(tmp_path, seed(figures={"rate": 0.5}), seed(number=1, figures={"rate": 0.7}))) == []

    def test_no_plot_without_a_value(self, tmp_path: Path) -> None:
        assert svgs(made(tmp_path, *(seed({"x": x}, figures={"rate": None}) for x in "ab"))) == []

    def test_the_ends_of_curves_are_not_plotted_again(self, tmp_path: Path) -> None:
        figures = {"rate": 0.5, "loss, last": 0.1, "tax": 0.3}
        curves = {"rate": [0.1, 0.5], "loss": [0.2, 0.1]}
        dots, lines = svgs(made(tmp_path, *(seed({"x": x}, figures=figures, curves=curves) for x in "ab")))
        assert "tax" in words(dots)
        assert not {"rate", "loss, last"} & set(words(dots))
        assert {"rate", "loss"} <= set(words(lines))

    def test_figures_are_plotted_where_no_curve_is(self, tmp_path: Path) -> None:
        (svg,) = svgs(made(tmp_path, *(seed({"x": x}, figures={"rate": 0.5}, curves={"rate": [0.5]}) for x in "ab")))
        assert "rate" in words(svg)

    def test_shares_have_one_scale_and_others_start_at_nothing(self, tmp_path: Path) -> None:
        figures = {"rate": 0.51, "count": 500}
        (svg,) = svgs(made(tmp_path, *(seed({"x": x}, figures=figures) for x in "ab")))
        assert {"0", "0.5", "1", "400"} <= set(words(svg))

    def test_conditions_that_look_the_same_when_shortened_are_numbered(self, tmp_path: Path) -> None:
        (svg,) = svgs(made(tmp_path, *(seed({"x": "long " * 40 + x}, figures={"rate": 0.5}) for x in "ab")))
        assert [w[:2] for w in words(svg) if w.startswith(("1:", "2:"))] == ["1:", "2:"]
        assert all(len(w) <= 36 for w in words(svg))

    def test_means_that_are_not_of_all_seeds_are_hollow(self, tmp_path: Path) -> None:
        def drawn(*last: float | None) -> str:
            seeds = [seed({"x": x}, i, figures={"rate": y}) for x in "ab" for i, y in enumerate([0.5, 0.7, *last])]
            return svgs(made(tmp_path, *seeds))[0]

        hollow = "fill: #ffffff; stroke: #0072b2"
        assert hollow in drawn(None)
        assert hollow not in drawn(0.6)


class TestTables:
    def test_columns_of_a_table_alone_have_a_panel_each(self, tmp_path: Path) -> None:
        table = {"first": {"share": 0.5, "pairs": 400}, "second": {"share": 0.25, "none": None}}
        (svg,) = svgs(made(tmp_path, seed(tables={"kinds": table})))
        assert {"first", "second", "share", "pairs"} <= set(words(svg))
        assert not {"none", "kinds"} & set(words(svg))

    def test_tables_of_the_same_columns_are_side_by_side_below_them(self, tmp_path: Path) -> None:
        table = {"trusting": {"honest": 1.0, "liar": 0.0}, "exacting": {"honest": 1.0, "liar": None}}
        names = ["accuracy", "accepted", "looks", "reward"]
        text = made(tmp_path, seed(tables=dict.fromkeys(names, table)))
        three, last = svgs(text)
        assert {"trusting", "exacting", "honest", "liar", *names[:3]} <= set(words(three))
        assert names[3] not in words(three)
        assert {"reward", "honest", "liar"} <= set(words(last))
        order = [text.index(f"<h2>{name}<") for name in names]
        assert order[2] < text.index(three) < order[3] < text.index(last)
        assert len(set(re.findall(r' id="([^"]+)"', three)) & set(re.findall(r' id="([^"]+)"', last))) == 0

    def test_panels_and_plots_without_a_value_are_left_out(self, tmp_path: Path) -> None:
        full, empty = {"row": {"a": 0.5, "b": 0.5}}, {"row": {"a": None, "b": None}}
        (svg,) = svgs(made(tmp_path, seed(tables={"full": full, "empty": empty})))
        assert "empty" not in words(svg)
        assert svgs(made(tmp_path, seed(tables={"empty": empty}))) == []
        assert svgs(made(tmp_path, seed(tables={"empty": empty, "too": empty}))) == []

    def test_tables_of_every_condition_are_plotted(self, tmp_path: Path) -> None:
        tables = {"kinds": {"row": {"a": 0.5}}}
        text = made(tmp_path, *(seed({"x": x}, tables=tables) for x in "ab"))
        assert len(svgs(text)) == 2
        ids = re.findall(r' id="([^"]+)"', text)
        assert len(ids) == len(set(ids))


def test_names_are_escaped_and_the_page_is_the_same_twice(tmp_path: Path) -> None:
    records = [
        seed({EVIL: x}, i, figures={EVIL: 0.1 * i, "$x_1$": 2.0}, tables={EVIL: {EVIL: {EVIL: 0.5, "b": 3.0 * i}}})
        for x in "ab"
        for i in range(3)
    ]
    text = made(tmp_path, *records)
    assert len(svgs(text)) == 3
    assert "<script" not in text
    assert "$x_1$" in words(svgs(text)[0])
    assert "://" not in text.replace("http://www.w3.org/", "")
    assert text == made(tmp_path, *records)


def cells(text: str) -> list[str]:
    """What is written in tables."""
    return re.findall(r"<td[^>]*>(.*?)</td>", text)


class TestDigits:
    def test_a_column_of_a_table_has_as_many_as_its_largest_needs(self, tmp_path: Path) -> None:
        rows = {
            "a": {"points": 220.0, "orders": 11.0, "share": 1.0},
            "b": {"points": -3.3, "orders": 0.4, "share": 0.25},
        }
        assert {"220", "-3", "11.0", "0.4", "1.000", "0.250"} <= set(
            cells(made(tmp_path, seed(tables={"score": rows})))
        )

    def test_a_figure_has_as_many_under_every_condition(self, tmp_path: Path) -> None:
        few, many = (seed({"x": x}, figures={"points": points}) for x, points in ((0, 2.25), (1, 100.0)))
        assert {"2", "100"} <= set(cells(made(tmp_path, few, many)))


def test_tables_have_the_rows_and_columns_of_every_seed(tmp_path: Path) -> None:
    first, second = {"a": {"x": 0.25}}, {"a": {"x": 0.75, "y": 0.125}, "b": {"x": 0.5}}
    text = made(tmp_path, seed(tables={"made": first}), seed(number=1, tables={"made": second}))
    assert {"0.500 [0.250, 0.750]", "0.125 (1 of 2)", "0.500 (1 of 2)"} <= set(cells(text))


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [([0.0, 0.01], 0.0, 0.08), ([0.99, 1.0], 0.92, 1.0), ([0.5, 0.51], 0.46, 0.54), ([10.0, 10.001], 9.96, 10.04)],
)
def test_curves_that_hardly_change_look_like_that_and_shares_end_at_0_and_1(
    tmp_path: Path, values: list[float], low: float, high: float
) -> None:
    (svg,) = svgs(made(tmp_path, seed(curves={"rate": values})))
    ticks = [
        float(word.replace("\u2212", "-")) for word in words(svg) if re.fullmatch("[\u2212-]?[0-9]+[.][0-9]+", word)
    ]
    assert (min(ticks), max(ticks)) == (low, high)


SHORT = {
    "any_game": "{episodes: 6}",
    "erasure_channel": "{steps: 20}",
    "find_the_plus": "{steps: 2, attack_steps: 2, batches: 2, batch: 4, test: 40}",
    "arithmetic_edits": "{rounds: 2, train: 60, test: 40, verifier_steps: 20, prover_steps: 25}",
    "arithmetic_llm": "{problems: 2, rounds: 1, protocol: adp}",
    "kitchen_llm": "{problems: 2, protocol: adp}",
    "kitchen_scripted": "{claims: 2, problems: 1, checked: 0}",
    "kitchen_embedded": "{horizon: 120, provers: [honest], verifiers: [trusting]}",
}


@pytest.mark.parametrize("experiment", list(SHORT))
def test_a_page_opens_with_what_was_asked_and_what_came_out(experiment: str, tmp_path: Path) -> None:
    if experiment in ("erasure_channel", "find_the_plus", "arithmetic_edits"):
        pytest.importorskip("torch")
    changes = ["seeds=1", f"settings={SHORT[experiment]}", "vary={}", "ray.workers=0", f"out={tmp_path}"]
    run_pvg(PvgConfig.load(experiment, changes), Console(quiet=True))
    text = page(tmp_path)
    _, conditions = read_conditions(tmp_path)
    asked = asked_of(experiment)
    assert asked is not None
    assert text.index(str(markupsafe.escape(asked.asked))) < text.index("<h2>What came out") < text.index("<h2>Figures")
    found = list(answers(asked, conditions))
    for headline in asked.figures:  # each names what the run has, and what it stands against
        mine = [each for each in found if each.what == headline.figure or each.what.startswith(f"{headline.table}, ")]
        assert mine, headline
        assert all(each.baselines and each.baselines[0] is not None for each in mine) == bool(
            headline.beside is not None or headline.beside_column
        )
    assert "made on" in text
    shares = [name for name, of in conditions[0].records[0]["of"]["figures"].items() if of]
    shares += list(conditions[0].records[0]["of"]["tables"])
    assert shares or experiment == "erasure_channel"  # whose figures are exact


def test_every_experiment_says_what_it_asks() -> None:
    assert {name for name in EXPERIMENTS if asked_of(name) is None} == set()
    assert asked_of("made") is None


def test_shares_of_a_single_seed_have_intervals(tmp_path: Path) -> None:
    of = {"figures": {"accuracy": 40}, "tables": {"made": {"a": {"x": 10}}}}
    text = made(tmp_path, seed(figures={"accuracy": 1.0, "reward": 1.0}, tables={"made": {"a": {"x": 0.8}}}, of=of))
    assert {"1.000 [0.912, 1.000]", "1.000", "0.800 [0.490, 0.943]"} <= set(cells(text))

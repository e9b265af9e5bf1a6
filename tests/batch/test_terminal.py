"""Nothing that is printed steers the terminal or is read as markup."""

from __future__ import annotations

import io

import pytest
from rich.panel import Panel
from rich.progress import Progress, TextColumn
from rich.table import Table
from rich.text import Text

from brigade.batch.numbers import print_table
from brigade.batch.running.progress import progress_bar
from brigade.batch.terminal import Terminal

EVIL = "\x1b]0;gone\a\x1b[2J[bold]x[/] [/x] :smile: \u202e\x9b31m\0"


def plain_table(text: str) -> Table:
    table = Table(title=text)
    table.add_column(text)
    table.add_row(text)
    return table


@pytest.mark.parametrize(
    "shown",
    [EVIL, Text(EVIL), Panel(EVIL, title=Text(EVIL)), plain_table(EVIL)],
    ids=["text", "styled", "panel", "table"],
)
def test_it_is_shown_as_it_is(shown: object) -> None:
    file = io.StringIO()
    Terminal(file=file, width=200).print(shown)
    said = file.getvalue()
    assert all(c.isprintable() or c == "\n" for c in said)
    assert "[bold]x[/] [/x] :smile:" in said
    assert "\\u202e" in said


def test_tables_and_bars_too() -> None:
    file = io.StringIO()
    terminal = Terminal(file=file, width=200)
    print_table(terminal, (EVIL,), [(EVIL,)], title=EVIL)
    with progress_bar(terminal, EVIL, 2) as bar:
        bar.note(EVIL)
        bar.say(EVIL)
        bar.advance()
    with Progress(TextColumn(EVIL, markup=False), console=terminal) as progress:
        progress.add_task("x")
    said = file.getvalue()
    assert all(c.isprintable() or c == "\n" for c in said)
    assert "[/x]" in said


def test_styles_given_beside_the_text_still_work() -> None:
    file = io.StringIO()
    Terminal(file=file, force_terminal=True, color_system="standard").print(Text("x", style="bold red"))
    assert "\x1b[1;31mx" in file.getvalue()

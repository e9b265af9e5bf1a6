"""The smaller tables of the report in a terminal: cost, faults, switches, and published figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from brigade.batch.numbers import NONE, dollars, figure, with_error
from brigade.envs.text import one_line
from brigade.experiments.kitchen.report.cost import Cost, ranked
from brigade.experiments.kitchen.report.imagining import tables_of
from brigade.experiments.kitchen.report.metrics import Row, Run
from brigade.experiments.kitchen.report.minds import ABOUT, HEADS, lines_of, minds
from brigade.experiments.kitchen.report.published_scores import Comparison, compare
from brigade.experiments.kitchen.report.switching import DEFINITION, Switch, fault_table, faults_of, switches

REPLIED = ("ok", "malformed", "ended")  # outcomes of calls that did not fail
REASONS, LONGEST_REASON = 5, 84  # lines, characters
COST_HEADS = ("team", "thoughts", "ok", "mal-\nformed", "failed", "ended", "secs", "tokens\nin", "tokens\nout",
              "dropped", "USD")  # fmt: skip
COST_NOTE = (
    "cost, per episode: thoughts begun and how they ended (failed: no reply; ended: with the episode), mean seconds "
    "from asking to effect, tokens, tasks and guards that were not taken over, US dollars where the model has a price"
)


def print_sections(run: Run, console: Console) -> None:
    """Print what there is of a run besides the main table."""
    thinking = [row for row in run.rows if row.cost is not None]
    if thinking:
        _print_cost(thinking, console)
    cells = faults_of(run)
    if cells:
        rates, lines = fault_table(cells, lambda row: with_error(row.score))
        _title(console, "Score by fault and rate", "mean (standard error)")
        _print(console, ("fault", *(f"{rate:g}" for rate in rates)), lines, [18, *[14] * min(len(rates), 5)])
    if thought := minds(run):
        _title(console, "What minds are worth", "points against the state machine in their place")
        _print(console, HEADS, lines_of(thought), [44, 4, 12, 5, 26, 6, 6, 5])
        _dim(console, ABOUT)
    for table in tables_of(run):
        _title(console, table.title, table.aside)
        _print(console, table.heads, table.lines, table.widths)
        for problem, count in table.problems[:REASONS]:
            _dim(console, f"{count} times: {problem}")
        _dim(console, table.about)
    switched = switches(run)
    if switched:
        _print_switches(switched, console)
    for comparison in compare(run):
        _print_comparison(comparison, console)


def cost_cells(cost: Cost, episodes: int) -> list[str]:
    """The figures of a row's cost, in the order of `COST_HEADS` without the first."""

    def each(count: int) -> str:
        return figure(count / episodes if episodes else None)

    return [
        figure(cost.thoughts.mean),
        *(each(count) for count in (cost.outcome("ok"), cost.outcome("malformed"), cost.failed, cost.outcome("ended"))),
        figure(cost.latency_s.mean),
        figure(cost.prompt_tokens.mean, 0),
        figure(cost.completion_tokens.mean, 0),
        figure(cost.dropped.mean),
        dollars(cost.usd.mean),
    ]


def reasons_of(rows: Sequence[Row]) -> list[tuple[str, int]]:
    """Why tasks and guards were not taken over, over all rows, the most frequent first."""
    return ranked(sum((Counter(dict(row.cost.reasons)) for row in rows if row.cost is not None), Counter()))


def failures_of(rows: Sequence[Row]) -> list[tuple[str, int]]:
    """How calls failed, over all rows, the most frequent first."""
    counts = sum((Counter(row.cost.outcomes) for row in rows if row.cost is not None), Counter())
    return [(name, count) for name, count in ranked(counts) if name not in REPLIED]


def _print_cost(rows: Sequence[Row], console: Console) -> None:
    _title(console, "Cost", f"model: {', '.join(dict.fromkeys(row.cost.model for row in rows if row.cost))}")
    lines, before, conditions = [], "", [row.condition_label for row in rows]
    for row in sorted(rows, key=lambda row: conditions.index(row.condition_label)):
        if row.condition and row.condition_label != before:
            lines.append([row.condition_label])
            before = row.condition_label
        if row.cost is not None:
            lines.append([row.team[0], *cost_cells(row.cost, row.episodes)])
            lines += [[f"+ {agent if len(agent) < 19 else agent[:17] + '…'}"] for agent in row.team[1:]]
    _print(console, COST_HEADS, lines, [20, 8, 5, 6, 6, 6, 6, 7, 6, 7, 7])
    failures = failures_of(rows)
    if failures:
        _dim(console, "failed: " + ", ".join(f"{name} {count}" for name, count in failures))
    reasons = reasons_of(rows)
    for reason, count in reasons[:REASONS]:
        text = reason if len(reason) <= LONGEST_REASON else reason[: LONGEST_REASON - 1] + "…"
        _dim(console, f"dropped {count} times: {text}")
    _dim(console, COST_NOTE)


def _print_switches(switched: Sequence[Switch], console: Console) -> None:
    for partner, at, condition in dict.fromkeys((s.partner, s.at, s.condition) for s in switched):
        _title(console, f"Switch at tick {at}", f"{partner} {condition}".strip())
        lines = [
            [s.label, str(s.episodes), *switch_cells(s)]
            for s in switched
            if (s.partner, s.at, s.condition) == (partner, at, condition)
        ]
        heads = ("team", "n", "before", "after", "back to own", "back to fsm's", "lost", "saved")
        _print(console, heads, lines, [15, 3, 10, 10, 13, 13, 14, 14])
    _dim(console, DEFINITION)


def switch_cells(switch: Switch) -> list[str]:
    """Rates before and after, per 100 ticks, both recoveries, what the switch cost, and what was saved of it."""
    rates = [
        NONE if rate.mean is None else f"{rate.mean * 100:.1f}" + (f" ({rate.error * 100:.1f})" if rate.error else "")
        for rate in (switch.before, switch.after)
    ]
    found_in = (switch.own, switch.common, switch.lost, switch.saved)
    return [*rates, *(NONE if found is None else str(found) for found in found_in)]


def _print_comparison(comparison: Comparison, console: Console) -> None:
    _title(console, comparison.title, comparison.source)
    heads, columns = list(comparison.heads), len(comparison.heads) - 1
    shares = sum(head.endswith(" share") for head in heads)
    scores = columns - shares
    heads[1 + scores :] = ["rate"] * shares  # there is no room for their names; they come in the same order
    names = min(54, max(24, *(len(line.name) + 2 for line in comparison.lines)))
    wide = 20 if names + 21 * scores < 100 else 14
    widths = [19, *[14] * scores, *[4] * shares] if shares else [names, *[wide] * scores]
    lines = [[("> " if line.ours else "") + line.name, *line.cells] for line in comparison.lines]
    _print(console, heads, lines, widths)
    for note in comparison.notes:
        _dim(console, note)


def _title(console: Console, title: str, about: str) -> None:
    console.print()
    console.print(
        Text(one_line(title), style="bold").append(f"  {one_line(about)}", style="not bold dim"), soft_wrap=True
    )


def _dim(console: Console, text: str) -> None:
    console.print(Text(one_line(text), style="dim"), width=min(console.width, 100))


def _print(console: Console, heads: Sequence[str], lines: Sequence[Sequence[str]], widths: Sequence[int]) -> None:
    """A table; a line of one cell is a heading within it."""
    table = _grid(widths)
    table.add_row(*(Text(head, style="dim") for head in heads[: len(widths)]))
    for line in lines:
        if len(line) == 1 and not line[0].startswith("+ "):
            console.print(table, crop=False, no_wrap=True, overflow="ignore")
            console.print(Text(one_line(line[0])), soft_wrap=True)
            table = _grid(widths)
        else:
            style = "bold" if line[0].startswith("> ") else ""
            table.add_row(*(Text(one_line(cell), style=style) for cell in line[: len(widths)]))
    console.print(table, crop=False, no_wrap=True, overflow="ignore")


def _grid(widths: Sequence[int]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0), width=sum(widths) + len(widths))
    for number, width in enumerate(widths):
        table.add_column(width=width, justify="right" if number else "left", overflow="fold")
    return table

"""The smaller tables of the page: cost, faults, switches, and published figures."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from brigade.batch.numbers import NONE, with_error
from brigade.experiments.kitchen.report.metrics import Row
from brigade.experiments.kitchen.report.published_scores import Comparison
from brigade.experiments.kitchen.report.sections import COST_HEADS, cost_cells, failures_of, reasons_of, switch_cells
from brigade.experiments.kitchen.report.switching import FaultCell, Switch, rows_of_faults


def grid(heads: Sequence[str], lines: Sequence[Sequence[str]], ours: Sequence[bool] = ()) -> str:
    """A table of plain texts, the first column to the left.

    Args:
        heads: titles of the columns.
        lines: the cells.
        ours: which lines stand out.
    """
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = []
    for number, line in enumerate(lines):
        mark = ' class="ours"' if number < len(ours) and ours[number] else ""
        cells = "".join(
            f"<td{'' if place else ' class=agent'}>{escape(cell)}</td>" for place, cell in enumerate(line)
        ).replace("class=agent", 'class="agent"', 1)
        body.append(f"<tr{mark}>{cells}</tr>")
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'


def cost_table(rows: Sequence[Row]) -> str:
    """What the thinking of each row cost, with the reasons for what was dropped."""
    lines = []
    for row in rows:
        if row.cost is not None:
            name = f"{row.team_label} [{row.condition_label}]" if row.condition else row.team_label
            lines.append([name, row.cost.model, *cost_cells(row.cost, row.episodes)])
    heads = ("team", "model", *(head.replace("-\n", "").replace("\n", " ") for head in COST_HEADS[1:]))
    parts = [grid(heads, lines)]
    for title, counted in (("Failed calls", failures_of(rows)), ("Dropped tasks and guards", reasons_of(rows))):
        if counted:
            listed = "".join(f"<li>{count} &times; {escape(text)}</li>" for text, count in counted)
            parts.append(f"<h3>{title}</h3><ul>{listed}</ul>")
    return "\n".join(parts)


def fault_table(cells: Sequence[FaultCell]) -> str:
    """Score by kind of fault and rate, with the difference to the state machine where there is one."""
    kinds, rates = rows_of_faults(cells)
    by = {(cell.kind, cell.rate): cell.row for cell in cells if cell.row.cost is not None}
    lines = [[kind, *(_fault_cell(by.get((kind, rate))) for rate in rates)] for kind in kinds]
    return grid(("fault", *(f"rate {rate:g}" for rate in rates)), lines)


def switch_table(switches: Sequence[Switch]) -> str:
    """Rates before and after the switch, recovery, and what the switch cost."""
    lines = [[switch.label, str(switch.episodes), *switch_cells(switch)] for switch in switches]
    heads = ("team", "n", "before", "after", "back to own rate", "back to fsm's rate", "ticks lost", "ticks saved")
    return grid(heads, lines)


def comparison_table(comparison: Comparison) -> str:
    """Published figures and ours."""
    lines = [[line.name, *line.cells] for line in comparison.lines]
    table = grid(comparison.heads, lines, [line.ours for line in comparison.lines])
    notes = "".join(f'<p class="soft">{escape(note)}</p>' for note in comparison.notes)
    return f'<p class="soft">Source: {escape(comparison.source)}.</p>\n{table}\n{notes}'


def _fault_cell(row: Row | None) -> str:
    if row is None:
        return NONE
    versus = f", vs fsm {with_error(row.versus_fsm, sign=True)}" if row.versus_fsm else ""
    return with_error(row.score) + versus

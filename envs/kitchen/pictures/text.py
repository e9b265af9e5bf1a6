"""A kitchen as text: two columns a cell, for terminals."""

from __future__ import annotations

from typing import Any

from brigade.envs.kitchen.content.cookbook import Kind
from brigade.envs.kitchen.content.layout import Kitchen

Described = dict[str, Any]
ARROWS = {"left": "◂", "right": "▸", "down": "▾", "up": "▴"}
CHEF_COLOURS = ("bright_blue", "bright_yellow", "bright_magenta", "bright_green")


def draw(kitchen: Kitchen, described: Described, colour: bool = False) -> str:
    """The kitchen now: its tiles, what lies on them, its chefs.

    Args:
        kitchen: which.
        described: its state in words (`describe`).
        colour: with rich's markup.

    Returns:
        One line a row. A chef is its number and an arrow; an item is its initial, plates in round brackets,
        vessels in square ones.
    """
    cells = [_escaped(_tile(kitchen, number), colour) for number in range(kitchen.width * kitchen.height)]
    for item in described["items"]:
        x, y = item["at"]
        kind = kitchen.cookbook.kind(item["item"])
        cells[kitchen.number(x, y)] = _paint(_item(kind), _style(kitchen, kind), colour)
    for seat, chef in enumerate(described["chefs"]):
        x, y = chef["at"]
        mark = f"{seat + 1}{ARROWS[chef['facing']]} "
        cells[kitchen.number(x, y)] = _paint(mark, f"bold {CHEF_COLOURS[seat]}", colour)
    rows = [cells[y * kitchen.width : (y + 1) * kitchen.width] for y in range(kitchen.height)]
    return "\n".join("".join(row) for row in rows)


def captions(kitchen: Kitchen, described: Described) -> list[str]:
    """What each chef holds and which orders are open, one line each."""
    lines = []
    for seat, chef in enumerate(described["chefs"]):
        held = chef["holding"]["item"] if chef["holding"] else "nothing"
        lines.append(f"chef {seat + 1} holds {held}")
    for order in described["orders"]:
        left = "" if order["ticks_left"] is None else f"  {order['ticks_left']} ticks left"
        points = kitchen.cookbook.spec.dishes[order["dish"]].points
        lines.append(f"order: {order['dish']} ({points} points){left}")
    return lines


def legend(kitchen: Kitchen) -> list[str]:
    """What the symbols on this kitchen's map stand for."""
    names = dict.fromkeys(kitchen.tile_names)
    symbols = {name: symbol for symbol, name in kitchen.cookbook.symbols.items()}
    words = [f"{symbols[name]} {name.replace('_', ' ')}" for name in names]
    words += ["+ centre counter"] if kitchen.centre else []
    lying = {kitchen.cookbook.kinds[kind].name for kind in kitchen.layout.start_item.tolist() if kind}
    return words + [f"{name[0]} {name} (on a counter)" for name in sorted(lying)]


def _tile(kitchen: Kitchen, number: int) -> str:
    name = kitchen.tile_names[number]
    symbol = next(symbol for symbol, tile in kitchen.cookbook.symbols.items() if tile == name)
    if name == "floor":
        return "   "
    return " + " if kitchen.cell(number) in kitchen.centre else f" {symbol} " if name != "counter" else " · "


def _item(kind: Kind) -> str:
    if kind.burning:
        return "!! "
    if kind.holder == "plate":
        shown = f"{len(kind.contents)}" if len(kind.contents) > 1 else "".join(kind.contents)[:1] or " "
        return f"({shown})"
    if kind.holder == "vessel":
        return {"raw": f"[{len(kind.contents)}]", "cooking": "[~]", "ready": "[✓]"}[kind.phase]
    return f" {kind.name[0]} "


def _style(kitchen: Kitchen, kind: Kind) -> str:
    if kind.burning:
        return "bold red"
    if len(kind.contents) == 1:
        return kitchen.cookbook.spec.items[kind.contents[0]].colour
    return "bold green" if kind.dish else "white"


def _paint(text: str, style: str, colour: bool) -> str:
    return f"[{style}]{_escaped(text, colour)}[/]" if colour else text


def _escaped(text: str, colour: bool) -> str:
    """Text that markup leaves as it is; a name may hold any sign."""
    return text.replace("[", r"\[") if colour else text

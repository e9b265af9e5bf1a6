"""The prompts: templates in files, each with a version that a run's record names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from string import Template

from brigade.agents.planning.macro import ABOUT
from brigade.agents.planning.recipes import Recipes
from brigade.envs.registry import BrigadeError, unknown
from brigade.envs.text import prompt_words

FOLDER = Path(__file__).parent
NOTHING_YET = "(nothing yet)"


@dataclass(frozen=True)
class Prompt:
    """A template.

    Attributes:
        name: with the version, as records have it: `plan-2`.
        template: the text, with `$fields`.
    """

    name: str
    template: Template

    @classmethod
    def from_text(cls, name: str, text: str) -> Prompt:
        """A prompt from its text, with `$fields`; the name has the version in it."""
        return cls(name, Template(text))

    @classmethod
    def from_file(cls, path: Path) -> Prompt:
        """A prompt from a file, whose first line says its version and which is named after it.

        Raises:
            BrigadeError: the first line does not say the version.
        """
        head, _, body = path.read_text(encoding="utf-8").partition("\n")
        key, _, version = head.partition(":")
        if key.strip() != "version" or not version.strip().isdigit():
            raise BrigadeError(f"{path}:1: expected 'version: NUMBER'")
        return cls.from_text(f"{path.stem}-{version.strip()}", body)

    def fill(self, **fields: str) -> str:
        """The text with every field filled in. Words in them cannot close a fence of the prompt.

        Raises:
            BrigadeError: a field of the template was not given.
        """
        try:
            return self.template.substitute({name: prompt_words(text) for name, text in fields.items()})
        except (KeyError, ValueError) as error:
            raise BrigadeError(f"prompt {self.name}: cannot be filled: {error}") from None


@lru_cache(maxsize=32)
def load_prompt(name: str) -> Prompt:
    """One of Brigade's own prompts by name.

    Raises:
        BrigadeError: no such prompt, or its first line does not say its version.
    """
    path = FOLDER / f"{name}.md"
    if not path.exists():
        raise unknown("prompt", name, [file.stem for file in FOLDER.glob("*.md")])
    return Prompt.from_file(path)


def introduction(recipes: Recipes, seat: int, hz: float) -> str:
    """The game explained for this kitchen, from its cookbook and rules."""
    kitchen = recipes.kitchen
    return load_prompt("introduction").fill(
        chefs=f"{kitchen.chefs} chefs" if kitchen.chefs > 1 else "the only chef, and the whole team",
        me=str(seat + 1),
        hz=f"{hz:g}",
        rules="\n".join(_rules(recipes)),
        dishes="\n".join(_dishes(recipes)),
        making="\n".join(_making(recipes)),
        map="\n".join(_map(recipes)),
        macros="\n".join(f"- {about}" for about in ABOUT.values()),
    )


def _map(recipes: Recipes) -> list[str]:
    """The kitchen drawn with letters for columns and numbers for rows, and what the signs mean."""
    kitchen = recipes.kitchen
    signs = {"floor": "_", "counter": "."} | {name: tile.symbol for name, tile in recipes.spec.tiles.items()}
    names = kitchen.tile_names
    wide = max(len(kitchen.cell_name(cell)) for cell in range(kitchen.width)) - 1
    columns = " ".join(kitchen.cell_name(cell)[:-1].rjust(wide) for cell in range(kitchen.width))
    rows = []
    for row in range(kitchen.height):
        cells = (kitchen.number(column, row) for column in range(kitchen.width))
        rows.append(f"{row + 1:>2} " + " ".join(signs[names[cell]].rjust(wide) for cell in cells))
    legend = "; ".join(f"{signs[name]} {name.replace('_', ' ')}" for name in dict.fromkeys(names))
    return [f"   {columns}", *rows, legend]


def _rules(recipes: Recipes) -> list[str]:
    spec = recipes.kitchen.spec
    lines = [f"- An episode is {spec.horizon} ticks. A step or a turn takes a tick, and so does every touch of a tile."]
    if spec.orders.mode == "stream":
        orders = spec.orders
        lines.append(
            f"- Up to {orders.open} orders are open; each expires after its time, which costs {orders.missed}."
        )
        lines.append(f"- Serving what nobody ordered costs {orders.wrong}.")
    else:
        lines.append("- The same dishes are wanted all the time; nothing expires.")
    if len({recipes.grid.region[int(cell)] for cell in recipes.kitchen.layout.start}) > 1:
        lines.append("- The kitchen is in parts: things are passed over the counters between them.")
    if any(process.fire for process in recipes.spec.processes):
        lines.append("- A stove that catches fire gives nothing until the fire is put out with the extinguisher.")
    return lines


def _dishes(recipes: Recipes) -> list[str]:
    lines = []
    for name in recipes.kitchen.order_dishes:
        dish = recipes.spec.dishes[name]
        time = f", expires after {dish.ticks} ticks" if dish.ticks and not recipes.kitchen.layout.standing else ""
        where = f" in a {dish.made_in}, then" if dish.made_in else ""
        lines.append(f"- {name}: {', '.join(dish.of)}{where} on a {recipes.plate.name}; {dish.points} points{time}")
    return lines


def _making(recipes: Recipes) -> list[str]:
    lines = []
    for food, ways in recipes.ways.items():
        for way in ways:
            if way.source is None:
                lines.append(f"- {food}: taken from the {way.tile.replace('_', ' ')}")
            else:
                how = f"{way.amount} touches" if way.by_hand else f"{way.amount} ticks, by itself"
                lines.append(f"- {food}: {way.source} on the {way.tile.replace('_', ' ')}, {how}")
    for name, tile in recipes.spec.tiles.items():
        if tile.vessel is not None and recipes.cells[name]:
            how = f"{tile.vessel.ticks} ticks" if tile.vessel.ticks else f"{tile.vessel.interactions} touches"
            lines.append(f"- the {name} takes up to {tile.vessel.capacity} of {', '.join(tile.vessel.takes)}: {how}")
    return lines

"""Kitchens by name: bundled ones, those of packages, files, and generated ones."""

from __future__ import annotations

from functools import lru_cache

from brigade.envs.content import parse, read
from brigade.envs.kitchen.content.cookbook import FILE_ENDINGS
from brigade.envs.kitchen.content.folders import content_file, content_files
from brigade.envs.kitchen.content.generate import generate_from_name
from brigade.envs.kitchen.content.layout import Kitchen, build_kitchen


def list_kitchens() -> list[str]:
    """Names of the kitchens that come with Brigade, and with packages that bring some."""
    return sorted(content_files("kitchen"))


def load_kitchen(name: str, horizon: int | None = None, old_dynamics: bool | None = None) -> Kitchen:
    """A kitchen by name.

    Args:
        name: a listed kitchen, a file ending in `.yaml`, or `generated:seed=7,chefs=3,...` (see `generate`).
        horizon: ticks in an episode, instead of the kitchen's own.
        old_dynamics: whether a full pot starts by itself, instead of the kitchen's own setting.

    Raises:
        BrigadeError: no such kitchen, or its file is not right; the message names file, line and field.
    """
    # A file, of a kitchen or of the cookbook to generate one for, may have been edited since it was last read.
    load = _load.__wrapped__ if any(ending in name for ending in FILE_ENDINGS) else _load
    return load(name, horizon, old_dynamics)


@lru_cache(maxsize=256)
def _load(name: str, horizon: int | None, old_dynamics: bool | None) -> Kitchen:
    if name.endswith(FILE_ENDINGS) and not name.startswith("generated:"):
        document = read(name)
    elif name.startswith("generated"):
        document = parse(generate_from_name(name), name)
    else:
        document = read(content_file("kitchen", name))
    changes = {"horizon": horizon, "old_dynamics": old_dynamics}
    return build_kitchen(document, {key: value for key, value in changes.items() if value is not None})

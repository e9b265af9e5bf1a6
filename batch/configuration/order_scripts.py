"""Order scripts: which dishes are ordered one after the other, an episode each, from a JSON file."""

from __future__ import annotations

from brigade.envs.budgets import read_json
from brigade.envs.registry import BrigadeError


def read_scripts(path: str) -> list[list[str]]:
    """Order scripts from a JSON file: a list of lists of dishes, or an object with such a list under `scripts`.

    Raises:
        BrigadeError: the file cannot be read or is not of that form.
    """
    data = read_json(path, what="order scripts")
    scripts = data.get("scripts") if isinstance(data, dict) else data
    fits = isinstance(scripts, list) and scripts and all(
        isinstance(script, list) and script and all(isinstance(dish, str) for dish in script) for script in scripts
    )  # fmt: skip
    if not fits:
        raise BrigadeError(f"order scripts {path}: expected a list of lists of dish names")
    return [list(script) for script in scripts or []]

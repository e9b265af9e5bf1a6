"""What the environments share: what callers hand to them, checked, and what infos say in numbers."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from types import EllipsisType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brigade.envs.kitchen.content.layout import ACTION_NAMES, Kitchen
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.content.tables import NO_EVENT
from brigade.envs.kitchen.engine.state import State
from brigade.envs.registry import BrigadeError, nearest, unknown

RENDER_MODES = ("human", "rgb_array")
TICKS_PER_SECOND = 4
DEFAULT = "new_counter_circuit"  # where environments are, if nothing is said
# PettingZoo's conformance test resets with {"options": 1}, so that one unknown option must pass.
OPTIONS, TOLERATED = ("order_script", "kitchen"), ("options",)


def find_kitchen(
    kitchen: str | Kitchen, horizon: int | None, old_dynamics: bool | None, max_cycles: int | None
) -> Kitchen:
    """The kitchen that an environment is of.

    Args:
        kitchen: by name, or loaded.
        horizon: ticks in an episode, instead of the kitchen's own.
        old_dynamics: instead of the kitchen's own setting.
        max_cycles: PettingZoo's word for the horizon.

    Raises:
        BrigadeError: no such kitchen; two horizons; or something is asked to be different about a loaded kitchen.
    """
    ticks = ticks_of(horizon, max_cycles)
    if isinstance(kitchen, str):
        return load_kitchen(kitchen, ticks, old_dynamics)
    if ticks not in (None, kitchen.horizon) or old_dynamics is not None:
        raise BrigadeError(
            f"kitchen '{kitchen.name}' is loaded already: horizon and old_dynamics are chosen when it is loaded, "
            "load_kitchen(name, horizon=..., old_dynamics=...)"
        )
    return kitchen


def ticks_of(horizon: int | None, max_cycles: int | None) -> int | None:
    """Ticks in an episode, if they are asked for.

    Raises:
        BrigadeError: the two differ.
    """
    if horizon is not None and max_cycles is not None and horizon != max_cycles:
        raise BrigadeError(f"horizon {horizon} and max_cycles {max_cycles} mean the same; give one of them")
    return max_cycles if horizon is None else horizon


def check_action(action: Any, whose: str) -> int:
    """The action as a number 0-5; arrays and tensors of one whole number are numbers.

    Raises:
        BrigadeError: it is not one.
    """
    try:
        number = operator.index(action)
    except TypeError:
        number = -1
    if 0 <= number < len(ACTION_NAMES):
        return number
    known = ", ".join(f"{number} {name}" for number, name in enumerate(ACTION_NAMES))
    hint = ""
    if isinstance(action, str):
        hint = (
            f"; {action} is {ACTION_NAMES.index(action)}"
            if action in ACTION_NAMES
            else f"; {nearest(action, ACTION_NAMES)}"
        )
    raise BrigadeError(f"action {action!r} of {whose} is out of range; expected one of {known}{hint}")


def check_whole(value: object, name: str) -> None:
    """Raise a BrigadeError unless `value` is a whole number."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise BrigadeError(f"{name} must be a whole number, got {value!r}")


def check_render_mode(mode: str | None, known: tuple[str, ...] = RENDER_MODES) -> None:
    """Raise a BrigadeError unless `mode` is None or a known render mode."""
    if mode is not None and mode not in known:
        raise unknown("render mode", mode, known)


def order_script(options: Mapping[str, Any] | None, known: tuple[str, ...] = OPTIONS) -> Any:
    """The order script among the options of a reset, None for none.

    Raises:
        BrigadeError: an unknown option.
    """
    if not options:
        return None
    if not isinstance(options, Mapping):
        raise BrigadeError(f"reset options are a dictionary, got {options!r}")
    for name in options:
        if name not in known and name not in TOLERATED:
            raise unknown("reset option", name, known)
    script = options.get("order_script")
    if script is None:
        return None
    if isinstance(script, np.ndarray):
        script = script.tolist()
    if not isinstance(script, list | tuple) or not all(isinstance(each, str | list | tuple) for each in script):
        raise BrigadeError(f"an order_script is a list of dishes, got {script!r}")
    return script


def events_of(state: State, which: int | EllipsisType) -> NDArray[np.int64]:
    """What the chefs' actions of the last tick came to, in numbers.

    Args:
        state: of a game.
        which: the number of one kitchen, or `...` for all.

    Returns:
        (chefs, 2), or (N, chefs, 2): the event, 0 for none, and the number of the item's kind, -1 for none.
    """
    event = state.event[which].astype(np.int64)
    return np.stack([event, np.where(event == NO_EVENT, -1, state.event_kind[which])], axis=-1)

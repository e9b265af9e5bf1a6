"""What System 2 asks for, as JSON schemas, and what comes back, as checked objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from brigade.agents.planning.macro import Macro, parse_macro
from brigade.agents.planning.recipes import Recipes
from brigade.dual_process.plan import Policy, parse_tasks
from brigade.envs.registry import BrigadeError
from brigade.simulation.messages import clean

MAX_WORDS = 100

_TEXT = {"type": "string"}
_OPTIONAL = {"type": ["string", "null"]}


def _schema(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


SCHEMAS: dict[str, dict[str, Any]] = {
    "policy": _schema(
        rationale=_TEXT,
        tasks={"type": "array", "items": _schema(do=_OPTIONAL, leave=_OPTIONAL, when=_OPTIONAL)},
        message=_OPTIONAL,
    ),
    "reflection": _schema(guidelines=_TEXT),
    "belief": _schema(belief=_TEXT),
    "pick": _schema(thought=_TEXT, action=_TEXT),
    "lesson": _schema(lesson=_TEXT),
}


@dataclass(frozen=True)
class Malformed:
    """An answer that is not what was asked for."""

    reason: str


def read_policy(data: Mapping[str, Any], recipes: Recipes) -> Policy | Malformed:
    """A policy; single tasks that are not right are dropped with a reason, not the whole."""
    tasks = data.get("tasks")
    if not isinstance(tasks, list):
        return Malformed(f"tasks: expected a list, got {type(tasks).__name__}")
    stripped = [
        {key: value for key, value in task.items() if value is not None} if isinstance(task, dict) else task
        for task in tasks
    ]
    made, leaves, dropped = parse_tasks(stripped, recipes)
    rationale, message = clean(data.get("rationale")), clean(data.get("message"))
    return Policy(rationale, tuple(made), tuple(leaves), message, tuple(dropped))


def read_text(data: Mapping[str, Any], field: str) -> str | Malformed:
    """A text of at most a hundred words."""
    value = data.get(field)
    if not isinstance(value, str) or not value.strip():
        return Malformed(f"{field}: expected text")
    words = "".join(c if c.isprintable() else " " for c in value[:4000]).split()
    return " ".join(words[:MAX_WORDS])


def read_pick(data: Mapping[str, Any], recipes: Recipes) -> Macro | Malformed:
    """A macro action."""
    action = data.get("action")
    if not isinstance(action, str):
        return Malformed("action: expected text")
    try:
        return parse_macro(action[:400], recipes)
    except BrigadeError as error:
        return Malformed(str(error)[:200])

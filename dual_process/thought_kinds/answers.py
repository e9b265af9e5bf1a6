"""Forms of answers that kinds of thought ask for, and how they are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brigade.dual_process.llm.json_text import Malformed
from brigade.envs.text import one_line

MAX_WORDS = 100

TEXT = {"type": "string"}
OPTIONAL = {"type": ["string", "null"]}


def object_schema(**properties: Any) -> dict[str, Any]:
    """The schema of an object that has exactly these fields."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def read_text(data: Mapping[str, Any], field: str) -> str | Malformed:
    """A text of at most a hundred words."""
    value = data.get(field)
    if not isinstance(value, str) or not value.strip():
        return Malformed(f"{field}: expected text")
    words = one_line(value, 4000).split()
    return " ".join(words[:MAX_WORDS])

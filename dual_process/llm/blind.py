"""Reasoners that read nothing: instruments to hold other minds against. What they say is well formed all the same."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

from brigade.dual_process.llm.house import filled
from brigade.dual_process.llm.house_plans import drawn_plan
from brigade.dual_process.llm.protocol import Messages

MOST = 6  # statements of a plan that is drawn


def constant_answer(
    messages: Messages, purpose: str, schema: Mapping[str, Any] | None, rng: random.Random, *, plan: Sequence[Any]
) -> str:
    """The same plan, whatever is asked for one; a form filled in for every other question."""
    if purpose == "plan":
        return json.dumps({"rationale": "As always.", "plan": list(plan), "message": None})
    return "As always." if schema is None else json.dumps(filled(schema))


def random_answer(messages: Messages, purpose: str, schema: Mapping[str, Any] | None, rng: random.Random) -> str:
    """A plan of one to six statements drawn from those that the schema allows; a form filled in for other questions."""
    if purpose == "plan":
        plan = drawn_plan({}, schema or {}, rng, rng.randint(1, MOST))
        return json.dumps({"rationale": "So the dice say.", "plan": plan, "message": None})
    return "So the dice say." if schema is None else json.dumps(filled(schema))

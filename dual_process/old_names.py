"""What kinds of thought and prompts were called in earlier revisions, and what they are called now.

The thought `policy` became `plan`; what `agile` called `plan` became `outline`. So the old name alone does not say
which is meant. In records and configurations the framework decides: only those below had a thought of that name, and
none of them has one now. In files of recorded calls the prompt does, whose version is part of its name: the prompt for
plans begins at `plan-2`, so `plan-1` is always an outline's.

Four names of frameworks mean something else now. What was called `react` and `reflexion` (a pick, and the chef waits
for it) is `react_stepwise` and `reflexion_stepwise`; what was called `react_dpt` and `reflexion_dpt` (picks as wishes
to System 1) is gone, and is named `..._wishes` where it was played. Records in formats before version `TASK_LISTS` have
the names of then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from brigade.envs.registry import BrigadeError

_KINDS = {("dpt", "policy"): "plan", ("dpt_without_tom", "policy"): "plan", ("agile", "plan"): "outline"}
_OPTIONS = ("without", "intervals")  # of agents, which name kinds
TASK_LISTS = 2  # the version of results, recordings and study folders from which on names are those of today
_FRAMEWORKS = {
    "react": "react_stepwise", "reflexion": "reflexion_stepwise",
    "react_dpt": "react_dpt_wishes", "reflexion_dpt": "reflexion_dpt_wishes",
}  # fmt: skip
_PROMPTS = {"policy-1": ("plan", "plan-2"), "plan-1": ("outline", "outline-1")}  # kind and prompt


def kind_now(framework: str, kind: str) -> str:
    """What a framework's kind of thought is called now."""
    return _KINDS.get((framework, kind), kind)


def agent_now(name: str, version: int) -> str:
    """What an agent that a record in a format of this version names is called now."""
    return _FRAMEWORKS.get(name, name) if version < TASK_LISTS else name


def agent_then(name: str, version: int) -> str:
    """What an agent of today was called in records in a format of this version.

    Raises:
        BrigadeError: the name meant another one then.
    """
    if version >= TASK_LISTS:
        return name
    refuse_mixing("it", [name], version)
    return next((then for then, now in _FRAMEWORKS.items() if now == name), name)


def refuse_mixing(where: object, names: Iterable[str], version: int) -> None:
    """Refuse to add to records in a format of this version where a name meant another agent then.

    Raises:
        BrigadeError: one of these names did.
    """
    for name in names:
        if agent_now(name, version) != name:
            raise BrigadeError(
                f"{where} was written when '{name}' was another framework, now called '{agent_now(name, version)}'; "
                "they are not to be mixed: choose another folder, or another name"
            )


def call_now(purpose: str, prompt: str) -> tuple[str, str]:
    """Purpose and prompt of a recorded call, as they are called now."""
    return _PROMPTS.get(prompt, (purpose, prompt))


def config_now(value: Any) -> Any:
    """A configuration, or a part of one, whose agents have today's names in their options.

    Args:
        value: as it is written; agents are mappings with `name` and `options`.
    """
    if isinstance(value, list | tuple):
        return [config_now(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    now = {key: config_now(each) for key, each in value.items()}
    if isinstance(now.get("name"), str) and isinstance(now.get("options"), dict):
        options = now["options"]
        now["options"] |= {key: _kinds_now(now["name"], options[key]) for key in _OPTIONS if key in options}
    return now


def _kinds_now(framework: str, kinds: Any) -> Any:
    """A list of kinds, or a mapping from kinds; whatever else it is, it is left as it is."""
    if isinstance(kinds, dict):
        return {kind_now(framework, kind): value for kind, value in kinds.items()}
    if isinstance(kinds, list):
        return [kind_now(framework, kind) if isinstance(kind, str) else kind for kind in kinds]
    return kinds


def thoughts_now(thoughts: Iterable[Mapping[str, Any]], agents: Sequence[str]) -> list[dict[str, Any]]:
    """Recorded thoughts with their kinds as they are called now.

    Args:
        thoughts: as records have them, with `seat` and `kind`; what has neither is left as it is.
        agents: names, by seat.
    """
    return [dict(thought) | _renamed(thought, agents) for thought in thoughts]


def _renamed(thought: Mapping[str, Any], agents: Sequence[str]) -> dict[str, str]:
    seat, kind = thought.get("seat"), thought.get("kind")
    if not isinstance(seat, int) or not 0 <= seat < len(agents) or not isinstance(kind, str):
        return {}
    return {"kind": kind_now(agents[seat], kind)}

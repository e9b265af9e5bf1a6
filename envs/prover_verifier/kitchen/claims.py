"""Claims: what will be so by when, the plan for it, and checkpoints on the way. As numbers, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.prover_verifier.kitchen.plans import Plan, Planned
from brigade.envs.registry import BrigadeError, unknown

KINDS = ("served", "in_reach")
BUCKET, BUCKETS = 5, 12  # deadlines are 5, 10, ... 60 ticks from now
HORIZON = BUCKET * BUCKETS
PLAN, CHECKPOINTS = 6, 3  # the most macro actions of a chef, and checkpoints of a claim
MAX_ARGUMENT = 2000  # characters of an argument in words
NEEDED_FIELDS = ("kind", "item", "by", "plan")  # of the JSON form
CLAIM_FIELDS = (*NEEDED_FIELDS, "checkpoints", "argument")
STEP_FIELDS, POINT_FIELDS = ("macro", "start"), ("at", "tick", "item")


@dataclass(frozen=True)
class Checkpoint:
    """A fact: `item` lies on `cell` so many ticks from now; or, if it is a dish, is handed out there at that tick."""

    cell: int
    tick: int
    item: str


@dataclass(frozen=True)
class Claim:
    """What a prover claims.

    Attributes:
        kind: `served`: an ordered dish will be handed out; `in_reach`: the item will lie where the verifier's chef can
            take it.
        item: which dish, or which item.
        by: ticks from now by which it will be so, once; a multiple of 5 up to 60.
        plan: what both chefs do for it.
        checkpoints: at most three facts about what comes of the plan.
        argument: in words; the engine does not read it.
    """

    kind: str
    item: str
    by: int
    plan: Plan
    checkpoints: tuple[Checkpoint, ...] = ()
    argument: str = ""

    @property
    def text(self) -> str:
        """The claim as a person reads it."""
        what = f"a {self.item} will be served" if self.kind == "served" else f"a {self.item} will lie in reach of you"
        return f"{what} within {self.by} ticks"


def cut(plan: Plan) -> Plan:
    """As much of a plan as a claim has room for: the first `PLAN` macro actions of each chef."""
    return tuple(part[:PLAN] for part in plan)


def read_claim(data: Any, kitchen: Kitchen, words: Sequence[str]) -> Claim:
    """A claim from JSON data.

    Raises:
        BrigadeError: it does not parse: a field is missing, wrong or unknown, what is claimed cannot be so, the plan
            has an unknown action, or the argument is too long.
    """
    if not isinstance(data, Mapping):
        raise BrigadeError(f"the claim does not parse: expected an object, got {type(data).__name__}")
    _check_fields(data, CLAIM_FIELDS, "field of a claim")
    for name in NEEDED_FIELDS:
        if name not in data:
            raise BrigadeError(f"the claim does not parse: field '{name}' is missing")
    kind, argument = data.get("kind"), data.get("argument", "")
    if kind not in KINDS:
        raise unknown("kind of claim", str(kind)[:40], KINDS)
    names = item_names(kitchen)
    item = _named(data.get("item"), names, "item")
    if kind == "served" and item not in kitchen.cookbook.orderable:
        raise BrigadeError(f"the claim does not parse: {item} is no dish, so that it is never served")
    if kind == "in_reach" and (item in kitchen.cookbook.orderable or item == names[0]):
        raise BrigadeError(f"the claim does not parse: {item} never lies anywhere, so that it is never in reach")
    by = data.get("by")
    if not _is_number(by) or not 0 < by <= HORIZON or by % BUCKET:
        raise BrigadeError(f"the claim does not parse: by is {by!r}, expected a multiple of {BUCKET} up to {HORIZON}")
    if not isinstance(argument, str):
        raise BrigadeError(f"the claim does not parse: argument is expected to be text, got {argument!r:.40}")
    if len(argument) > MAX_ARGUMENT:
        raise BrigadeError(f"the argument has {len(argument)} characters, is longer than {MAX_ARGUMENT}")
    plan = tuple(_read_part(part, words) for part in _list(data.get("plan"), "plan", kitchen.chefs))
    points = tuple(
        _read_checkpoint(point, kitchen, names)
        for point in _list(data.get("checkpoints", []), "checkpoints", CHECKPOINTS)
    )
    return Claim(str(kind), item, by, plan + ((),) * (kitchen.chefs - len(plan)), points, argument)


def claim_json(claim: Claim, kitchen: Kitchen) -> dict[str, Any]:
    """The claim as JSON data; `read_claim` reads it back."""
    return {
        "kind": claim.kind,
        "item": claim.item,
        "by": claim.by,
        "plan": [[{"macro": step.macro, "start": step.start} for step in part] for part in claim.plan],
        "checkpoints": [
            {"at": [point.cell % kitchen.width, point.cell // kitchen.width], "tick": point.tick, "item": point.item}
            for point in claim.checkpoints
        ],
        "argument": claim.argument,
    }


def item_names(kitchen: Kitchen) -> list[str]:
    """What claims can be about: every kind of item, the first being nothing, then the dishes."""
    return [*(kind.name for kind in kitchen.cookbook.kinds), *kitchen.cookbook.orderable]


def _is_number(value: Any) -> TypeGuard[int]:
    """Whether it is a whole number; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def _check_fields(data: Mapping[str, Any], fields: Sequence[str], what: str) -> None:
    for name in data:
        if name not in fields:
            raise unknown(what, str(name)[:40], fields, "the claim does not parse")


def _list(value: Any, name: str, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise BrigadeError(f"the claim does not parse: {name} is expected to be a list of at most {most}")
    return value


def _named(value: Any, names: Sequence[str], what: str) -> str:
    if value not in names:
        raise unknown(what, str(value)[:40], names, "the claim does not parse")
    return str(value)


def _read_part(part: Any, words: Sequence[str]) -> tuple[Planned, ...]:
    steps = []
    for step in _list(part, "a chef's plan", PLAN):
        fields = step if isinstance(step, Mapping) else {"macro": step}
        _check_fields(fields, STEP_FIELDS, "field of a plan's step")
        macro, start = fields.get("macro"), fields.get("start", 0)
        if macro not in words:
            raise unknown("action", str(macro)[:60], words, "plan")
        if not _is_number(start) or not 0 <= start < HORIZON:
            raise BrigadeError(f"plan: {macro} starts at {start!r}, expected 0 to {HORIZON - 1}")
        steps.append(Planned(str(macro), start))
    return tuple(steps)


def _read_checkpoint(point: Any, kitchen: Kitchen, names: Sequence[str]) -> Checkpoint:
    fields = point if isinstance(point, Mapping) else {}
    _check_fields(fields, POINT_FIELDS, "field of a checkpoint")
    at, tick = fields.get("at"), fields.get("tick")
    inside = isinstance(at, list) and len(at) == 2 and all(map(_is_number, at))
    if not inside or not (0 <= at[0] < kitchen.width and 0 <= at[1] < kitchen.height):  # type: ignore[index]
        raise BrigadeError(f"the claim does not parse: checkpoint at {at!r} is not a cell [x, y] of the kitchen")
    if not _is_number(tick) or not 0 < tick <= HORIZON:
        raise BrigadeError(f"the claim does not parse: checkpoint at tick {tick!r}, expected 1 to {HORIZON}")
    assert isinstance(at, list)
    return Checkpoint(at[1] * kitchen.width + at[0], tick, _named(fields.get("item"), names, "checkpoint's item"))

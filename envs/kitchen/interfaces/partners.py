"""Partners for environments with one learner: worlds know no agents, so names of partners come from outside."""

from __future__ import annotations

import operator
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from brigade.envs.asking import AgentFault, asking
from brigade.envs.kitchen.content.layout import ACTION_NAMES
from brigade.envs.registry import BrigadeError, unknown

if TYPE_CHECKING:
    from brigade.envs.kitchen.content.layout import Kitchen


@dataclass(frozen=True)
class View:
    """What a partner, or an agent, is told at the start of an episode: all that it may know of it.

    Attributes:
        kitchen: where it cooks.
        seat: which chef it is, from 0.
        seed: for its own random choices.
        hz: ticks a second, as the clock goes or as it would on the wall.
        hears: seats whose messages reach it.
        heard_by: seats that its own messages reach.
    """

    kitchen: Kitchen
    seat: int
    seed: int = 0
    hz: float = 4.0
    hears: tuple[int, ...] = ()
    heard_by: tuple[int, ...] = ()

    @property
    def horizon(self) -> int:
        """Ticks in the episode."""
        return self.kitchen.horizon


class Partner(Protocol):
    """Acts for another chef. Every agent of `brigade.agents` is one; here, only these two methods matter."""

    def reset(self, view: Any, /) -> None:
        """Begin an episode; `view` has the attributes of `View`."""
        ...

    def act(self, observation: dict[str, Any], /) -> int:
        """The action 0-5 for this tick, given the symbolic observation of its seat."""
        ...


class Stay:
    """A partner who stays where it is."""

    def reset(self, view: Any, /) -> None:
        """Nothing to prepare."""

    def act(self, observation: dict[str, Any], /) -> int:
        """Stay."""
        return 0


PartnerLike = Partner | str | Mapping[str, Any] | Callable[[], Partner]
PartnerList = list[PartnerLike] | tuple[PartnerLike, ...]


# Worlds know no agents: the registry of agents is found by name when somebody asks for one.
AGENTS = "brigade.agents.base:agents"

# What makes a partner of some names and options, and what lists the names.
_sources: dict[Callable[..., Partner], Callable[[], Iterable[str]]] = {
    lambda name: Stay(): lambda: ["stay"],
    lambda name, **options: pkgutil.resolve_name(AGENTS).make(name, **options): lambda: (
        pkgutil.resolve_name(AGENTS).names
    ),
}


def register_partner_source(make: Callable[..., Partner], names: Callable[[], Iterable[str]]) -> None:
    """Make names usable as partners. Worlds know no agents, so whoever has some says so here.

    Args:
        make: a new partner for one of the names, and for the options that are given with it, as keywords.
        names: lists them; asked when a name is looked up, so that it may grow.
    """
    _sources.setdefault(make, names)


def partner_names() -> list[str]:
    """All names that `partners` accepts now."""
    return list(dict.fromkeys(name for names in _sources.values() for name in names()))


def make_partner(partner: PartnerLike) -> Partner:
    """A partner from an object, something that makes one, a name, or a name with options.

    Args:
        partner: with options: `{"name": "neural", "options": {"checkpoint": "cramped_room"}}`.

    Raises:
        BrigadeError: no source knows the name, it cannot be made, or the object cannot act.
    """
    if isinstance(partner, str):
        return _named(partner, {})
    if isinstance(partner, Mapping):
        return _named(*_described(partner))
    made = _made(partner) if isinstance(partner, type) or not hasattr(partner, "act") else partner
    if not (hasattr(made, "act") and hasattr(made, "reset")):
        raise BrigadeError(f"{made!r} cannot be a partner; expected methods reset(view) and act(observation)")
    return made


def _named(name: str, options: Mapping[str, Any]) -> Partner:
    for make, names in _sources.items():
        if name in names():
            try:
                return make(name, **options)
            except TypeError as error:  # of an option that it does not have
                raise BrigadeError(f"partner '{name}': {error}") from error
    raise unknown("partner", name, partner_names())


def _described(partner: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The name and the options of a partner."""
    for key in partner:
        if key not in ("name", "options"):
            raise unknown("key", str(key), ("name", "options"), "partner")
    name, options = partner.get("name"), partner.get("options") or {}
    if (
        not isinstance(name, str)
        or not isinstance(options, Mapping)
        or not all(isinstance(key, str) for key in options)
    ):
        raise BrigadeError(
            "a partner with options is {'name': a name, 'options': {option: value, ...}}, got "
            + repr(dict(partner))[:80]
        )
    return name, options


def _made(partner: Any) -> Any:
    if not callable(partner):
        return partner
    with asking(lambda: f"partner {getattr(partner, '__qualname__', type(partner).__name__)}", "being made"):
        return partner()


def checked_action(action: object, who: Callable[[], str]) -> int:
    """One of the six actions as a plain number.

    Raises:
        AgentFault: it is none.
    """
    if action.__class__ is int and 0 <= action < len(ACTION_NAMES):
        return action  # nearly always: what follows takes as long as half a decision
    with asking(who, "answering"):
        try:
            number = operator.index(action)  # type: ignore[arg-type]  # whatever an agent answers
        except TypeError:
            number = -1
        if 0 <= number < len(ACTION_NAMES):
            return number
        said, wanted = repr(action)[:60], f"expected a whole number from 0 to {len(ACTION_NAMES) - 1}"
        raise AgentFault(who(), f"it answered {said} ({type(action).__name__}), {wanted}")

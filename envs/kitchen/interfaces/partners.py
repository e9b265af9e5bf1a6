"""Partners for environments with one learner: worlds know no agents, so names of partners come from outside."""

from __future__ import annotations

import operator
import pkgutil
from collections.abc import Callable, Iterable
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


PartnerLike = Partner | str | Callable[[], Partner]
PartnerList = list[PartnerLike] | tuple[PartnerLike, ...]


# Worlds know no agents: the registry of agents is found by name when somebody asks for one.
AGENTS = "brigade.agents.base:agents"

# What makes a partner of some names, and what lists them.
_sources: dict[Callable[[str], Partner], Callable[[], Iterable[str]]] = {
    lambda name: Stay(): lambda: ["stay"],
    lambda name: pkgutil.resolve_name(AGENTS).make(name): lambda: pkgutil.resolve_name(AGENTS).names,
}


def register_partner_source(make: Callable[[str], Partner], names: Callable[[], Iterable[str]]) -> None:
    """Make names usable as partners. Worlds know no agents, so whoever has some says so here.

    Args:
        make: a new partner for one of the names.
        names: lists them; asked when a name is looked up, so that it may grow.
    """
    _sources.setdefault(make, names)


def partner_names() -> list[str]:
    """All names that `partners` accepts now."""
    return list(dict.fromkeys(name for names in _sources.values() for name in names()))


def make_partner(partner: PartnerLike) -> Partner:
    """A partner from an object, something that makes one, or a name.

    Raises:
        BrigadeError: no source knows the name, it cannot be made, or the object cannot act.
    """
    if isinstance(partner, str):
        for make, names in _sources.items():
            if partner in names():
                return make(partner)
        raise unknown("partner", partner, partner_names())
    made = _made(partner) if isinstance(partner, type) or not hasattr(partner, "act") else partner
    if not (hasattr(made, "act") and hasattr(made, "reset")):
        raise BrigadeError(f"{made!r} cannot be a partner; expected methods reset(view) and act(observation)")
    return made


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
    with asking(who, "answering"):
        try:
            number = operator.index(action)  # type: ignore[arg-type]  # whatever an agent answers
        except TypeError:
            number = -1
        if 0 <= number < len(ACTION_NAMES):
            return number
        said, wanted = repr(action)[:60], f"expected a whole number from 0 to {len(ACTION_NAMES) - 1}"
        raise AgentFault(who(), f"it answered {said} ({type(action).__name__}), {wanted}")

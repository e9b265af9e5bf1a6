"""Choosing things by name: one registry class, one error class, one way to suggest the nearest name."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


class BrigadeError(ValueError):
    """Something a person gave us is wrong; the message says what, where, and what was expected."""


def nearest(name: str, names: Iterable[str]) -> str:
    """A phrase that helps someone who mistyped `name`: the nearest valid name, or all of them when few."""
    known = list(names)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"did you mean '{close[0]}'?"
    return "known: " + ", ".join(known) if known else "none are known"


def unknown(what: str, name: str, names: Iterable[str], where: str = "") -> BrigadeError:
    """The error for a `what` called `name` that is not among `names`."""
    return BrigadeError(f"{where + ': ' if where else ''}unknown {what} '{name}'; {nearest(name, names)}")


@dataclass(frozen=True)
class Entry(Generic[T]):
    """One registered thing: its name, one line about it, and how to make it."""

    name: str
    about: str
    make: Callable[..., T]


class Registry(Generic[T]):
    """Names of one sort of thing, each with a line that explains it.

    Args:
        what: the word for one entry, used in messages (`agent`, `observation`).
    """

    def __init__(self, what: str):
        self.what = what
        self._entries: dict[str, Entry[T]] = {}

    def register(self, name: str, about: str) -> Callable[[Callable[..., T]], Callable[..., T]]:
        """Decorator: register a factory under `name`."""

        def add(make: Callable[..., T]) -> Callable[..., T]:
            if name in self._entries:
                raise BrigadeError(f"{self.what} '{name}' is registered twice")
            self._entries[name] = Entry(name, about, make)
            return make

        return add

    def __getitem__(self, name: str) -> Entry[T]:
        """The entry called `name`.

        Raises:
            BrigadeError: no such entry; the message suggests the nearest name.
        """
        if name not in self._entries:
            raise unknown(self.what, name, self._entries)
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[Entry[T]]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def names(self) -> list[str]:
        """All registered names, in order of registration."""
        return list(self._entries)

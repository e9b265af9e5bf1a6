"""Choosing things by name: one registry class, one error class, one way to suggest the nearest name.

A registry has a group of entry points. Whoever installs a package with an entry point in it brings an entry. They, and
the modules with Brigade's own, are loaded on the first look-up, so that importing a registry stays cheap.
"""

from __future__ import annotations

import difflib
import pkgutil
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any, ClassVar, Generic, TypeVar

from packaging.requirements import InvalidRequirement, Requirement

from brigade._version import __version__
from brigade.envs.faults import in_words

T = TypeVar("T")
OWN = "brigade"
PLUGIN = "brigade_plugin"  # how the names begin under which files of plug-ins are imported
_bringing: ContextVar[str | None] = ContextVar("bringing", default=None)


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


@contextmanager
def bringing(source: str) -> Iterator[None]:
    """What others register in this block is brought by `source`, a distribution."""
    token = _bringing.set(source)
    try:
        yield
    finally:
        _bringing.reset(token)


@dataclass(frozen=True)
class Entry(Generic[T]):
    """One registered thing.

    Attributes:
        name: as it is chosen.
        about: one line about it.
        make: makes it.
        source: who brings it: `brigade`, a distribution with its version, the file of a plug-in, or a module.
        thinks: of an agent, whether it has a thinker.
        takes_reasoner: of an agent, whether it has an option `reasoner` for who answers its thoughts.
    """

    name: str
    about: str
    make: Callable[..., T]
    source: str = OWN
    thinks: bool = False
    takes_reasoner: bool = False


class Registry(Generic[T]):
    """Names of one sort of thing, each with a line that explains it.

    Args:
        what: the word for one entry, used in messages (`agent`, `observation`).
        group: of the entry points that bring entries; empty where only Brigade has some. An entry point is either a
            module, which registers what it has when it is imported, or a factory, which is registered under the entry
            point's name with the first line of its docstring (and its attributes `thinks` and `takes_reasoner`).
        own: Brigade's modules that register entries when they are imported, by name: they build on the registry's.
        derived: `module:function` that lists further entries, made of those of another registry as it is now; it
            is told whether packages may be loaded for it.
    """

    everywhere: ClassVar[list[Registry[Any]]] = []

    def __init__(self, what: str, group: str = "", own: Sequence[str] = (), derived: str = ""):
        self.what, self.group, self._own, self._derived = what, group, tuple(own), derived
        self._entries: dict[str, Entry[T]] = {}
        self._contested: dict[str, str] = {}
        self._problems: list[tuple[str, str]] = []  # the name that would be brought, empty for any; and what is wrong
        self._loaded = self._loading = False
        self._lock = threading.RLock()
        self.everywhere.append(self)

    def register(
        self, name: str, about: str, *, thinks: bool = False, takes_reasoner: bool = False
    ) -> Callable[[Callable[..., T]], Callable[..., T]]:
        """Decorator: register a factory under `name`.

        Raises:
            BrigadeError: the name is taken.
        """
        source = _source_in(sys._getframe(1).f_globals)
        if source != OWN:  # so that it is this name that is refused, and never Brigade's own
            self._load(packages=False)  # which may be importing this very module

        def add(make: Callable[..., T]) -> Callable[..., T]:
            taken = self._taken(name, source)
            if taken is not None and taken.source != source:
                raise BrigadeError(
                    f"{self.what} '{name}' is brought by {taken.source} already, and by {source} again; "
                    "give one of them another name"
                )
            if taken is not None and source != "__main__":  # a cell of a notebook is run again and again
                raise BrigadeError(f"{self.what} '{name}' is registered twice")
            self._entries[name] = Entry(name, about, make, source, thinks, takes_reasoner)
            return make

        return add

    def forget(self, source: str) -> None:
        """Drop what `source` or a module in it has brought, as before the file of a plug-in is read again."""
        within = f"{source}."
        self._entries = {
            name: entry for name, entry in self._entries.items() if not f"{entry.source}.".startswith(within)
        }

    def __getitem__(self, name: str) -> Entry[T]:
        """The entry called `name`.

        Raises:
            BrigadeError: no such entry, with the nearest name; or two packages bring it.
        """
        entries = self._all()
        if name in self._contested:
            raise BrigadeError(f"{self.what} '{name}' is brought by {self._contested[name]}; uninstall one of them")
        if name not in entries:
            raise self.unknown(name)
        return entries[name]

    def unknown(self, name: str, where: str = "") -> BrigadeError:
        """The error for a name that is not here: with the nearest one, and with what would bring it and cannot."""
        error = unknown(self.what, name, self.names, where)
        problems = [problem for brought, problem in self._problems if brought in ("", name)]
        return BrigadeError("; ".join([str(error), *problems])) if problems else error

    def __contains__(self, name: object) -> bool:
        return name in self._all()

    def __iter__(self) -> Iterator[Entry[T]]:
        return iter(self._all().values())

    def __len__(self) -> int:
        return len(self._all())

    @property
    def names(self) -> list[str]:
        """All names: Brigade's own first, always in the same order."""
        return list(self._all())

    def so_far(self) -> list[Entry[T]]:
        """Brigade's own entries and those registered by now; no packages are loaded for it."""
        self._load(packages=False)
        return list(self._entries.values())

    @property
    def problems(self) -> list[str]:
        """What packages and plug-ins would bring and cannot, each with its name and why."""
        self._load()
        hidden = [entry for name, entry in self._derivations().items() if name in self._entries]
        return [
            *(problem for _, problem in self._problems),
            *(f"{entry.source} brings {self.what} '{entry.name}' too, which is not used" for entry in hidden),
        ]

    def make(self, name: str, **options: Any) -> T:
        """A new one by name.

        Raises:
            BrigadeError: no such entry, an option that it does not have, or someone else's that cannot be made.
        """
        entry = self[name]
        try:
            return entry.make(**options)
        except (BrigadeError, KeyboardInterrupt):
            raise
        except BaseException as error:
            if entry.source != OWN:  # other people's code: it may end in anything
                raise BrigadeError(f"{self.what} '{name}' cannot be made: {in_words(error)}") from error
            if isinstance(error, TypeError):
                raise BrigadeError(f"{self.what} '{name}': {error}") from None
            raise

    def _all(self) -> dict[str, Entry[T]]:
        """Every entry, derived ones last."""
        self._load()
        return self._entries | {n: entry for n, entry in self._derivations().items() if n not in self._entries}

    def _derivations(self, packages: bool = True) -> dict[str, Entry[T]]:
        derived = pkgutil.resolve_name(self._derived)(packages) if self._derived else []
        return {entry.name: entry for entry in derived}

    def _taken(self, name: str, source: str) -> Entry[T] | None:
        """What has a name already. Brigade's own modules need not look further than what is registered."""
        return self._entries.get(name) or (None if source == OWN else self._derivations(packages=False).get(name))

    def _load(self, packages: bool = True) -> None:
        """Import Brigade's own modules and, with `packages`, load the entry points of the group, once."""
        with self._lock:
            if self._loaded or self._loading:  # loading: a module that registers has looked something up
                return
            self._loading = True
            try:
                for module in self._own:
                    import_module(module)
                points = entry_points(group=self.group) if self.group and packages else []
                for point in sorted(points, key=lambda each: (_source_of(each), each.name)):
                    self._bring(point)
            finally:
                self._loading = False
            self._entries = dict(sorted(self._entries.items(), key=lambda item: self._place(item[1])))
            self._loaded = packages

    def _place(self, entry: Entry[T]) -> int:
        """Brigade's own in the order of their modules, whichever was imported first, then the others."""
        module = getattr(getattr(entry.make, "func", entry.make), "__module__", "")
        return self._own.index(module) if module in self._own else -1 if entry.source == OWN else len(self._own)

    def _bring(self, point: EntryPoint) -> None:
        source = _source_of(point)
        told = f"{source} brings {self.what} '{point.name}', which cannot be used"
        brought = point.name if point.attr else ""  # a module registers whatever it has
        wanted = _newer_brigade(point)
        if wanted:
            self._problems.append((brought, f"{told}: it needs brigade{wanted}, and this is {__version__}"))
            return
        try:
            with bringing(source):
                thing = point.load()
        except (Exception, SystemExit) as error:  # noqa: BLE001  # other people's code: it may end in anything
            self._problems.append((brought, f"{told}: {in_words(error)}"))
            return
        if not isinstance(thing, ModuleType):
            self._add(point.name, thing, source, told)

    def _add(self, name: str, thing: Any, source: str, told: str) -> None:
        if not callable(thing):
            problem = f"{told}: expected a module or something to call, got {type(thing).__name__}"
            self._problems.append((name, problem))
            return
        taken = self._taken(name, source)
        if taken is not None and taken.source == OWN:
            self._problems.append((name, f"{told}: Brigade has {self.what} '{name}' itself"))
            return
        if taken is not None or name in self._contested:
            others = taken.source if taken is not None else self._contested[name]
            self._contested[name] = f"{others} and by {source}"
            problem = f"{self.what} '{name}' is brought by {self._contested[name]}; uninstall one of them"
            self._problems.append((name, problem))
            self._entries.pop(name, None)
            return
        about = getattr(thing, "about", None) or (getattr(thing, "__doc__", None) or "").strip().split("\n")[0]
        traits = {trait: bool(getattr(thing, trait, False)) for trait in ("thinks", "takes_reasoner")}
        self._entries[name] = Entry(name, str(about) or f"from {source}", thing, source, **traits)


def _source_in(module: Mapping[str, Any]) -> str:
    """Who brings what a module registers, by its globals."""
    name = str(module.get("__name__", ""))
    if name.partition(".")[0] == OWN:
        return OWN
    return str(module.get("__file__")) if name.startswith(PLUGIN) else _bringing.get() or name


def _source_of(point: EntryPoint) -> str:
    """The distribution that an entry point is of, with its version."""
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else "an unknown package"


def _newer_brigade(point: EntryPoint) -> str:
    """Which versions of Brigade the distribution asks for, if this is not one of them; else empty."""
    for text in (point.dist.requires or []) if point.dist is not None else []:
        try:
            need = Requirement(text)
        except InvalidRequirement:
            continue
        applies = need.marker is None or need.marker.evaluate({"extra": ""})
        if need.name == OWN and applies and not need.specifier.contains(__version__, prereleases=True):
            return str(need.specifier)
    return ""

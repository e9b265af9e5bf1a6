"""`key=value`: changes to a configuration from the command line, read as the field that they set wants them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any, Literal, NamedTuple, get_args, get_origin

from brigade.envs.content import ContentError, Document, parse_value
from brigade.envs.field_types import has_keys, holder_of, is_model, keys_of, options_of, type_at
from brigade.envs.registry import BrigadeError, nearest

NOTHING = ("", "null")  # what is written for None
Types = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class _Place(NamedTuple):
    path: tuple[str, ...]
    kind: Any  # the type of what may stand there


class Changed(Document):
    """A document some of whose values are not from its file.

    Args:
        document: as it was.
        data: with the changes.
        origins: the change that set a value, by its path.
    """

    def __init__(self, document: Document, data: Any, origins: Mapping[tuple[str | int, ...], str]):
        super().__init__(data, document.lines, document.source, document.folder)
        self._origins = origins

    def origin_of(self, *path: str | int) -> str | None:
        """The change that set the value at `path`, or something that it is in."""
        ends = range(len(path), 0, -1)
        return next((self._origins[path[:end]] for end in ends if path[:end] in self._origins), None)

    def error(self, message: str, *path: str | int) -> ContentError:
        """An error about the value at `path`, with the change that set it, or its line."""
        origin = self.origin_of(*path)
        if origin is None:
            return super().error(message, *path)
        return ContentError(f"{self.source} with {origin}", 0, f"{'.'.join(map(str, path))}: {message}")


def change(document: Document, changes: Sequence[str], model: Any, inside: Types = lambda data: {}) -> Document:
    """The document with `key=value` changes.

    A field that is text takes the text as it is written; everything else is YAML, in which single words that stand
    where text is wanted are text likewise. `null`, or nothing, is None where a field may be None.

    Args:
        document: a configuration.
        changes: `key=value` each, with dots between the keys.
        model: that the document will become.
        inside: types of what is under keys that take anything, given all data.

    Raises:
        BrigadeError: no `key=value`, an unknown key, or a value that is no YAML; the message names the change.
    """
    if not changes:
        return document
    data, origins = deepcopy(document.data), dict[tuple[str | int, ...], str]()
    for each in changes:
        key, equals, text = each.partition("=")
        if not equals or not key:
            raise BrigadeError(f"'{each}': expected key=value, for example seeds=5 or ray.workers=1")
        place = _place(key.split("."), model, inside(data), each)
        _put(data, place.path, _value(text, place.kind, each), each)
        origins[place.path] = each
    return Changed(document, data, origins)


def _place(parts: list[str], model: Any, inside: Mapping[str, Any], change: str) -> _Place:
    """Where a key with dots in it leads."""
    path: tuple[str, ...] = ()
    kind = model
    for i, part in enumerate(parts):
        if not has_keys(kind):
            raise BrigadeError(f"'{change}': '{parts[i - 1]}' holds no keys")
        inner = type_at(kind, part) if i or part not in inside else inside[part]
        if inner is None:
            field = ".".join(parts[: i + 1])
            raise BrigadeError(f"'{change}': {field}: unknown key; {nearest(part, keys_of(kind))}")
        if not is_model(holder_of(kind)) and not has_keys(inner):  # such as `vary`, whose keys may have dots
            return _Place((*path, ".".join(parts[i:])), inner)
        path, kind = (*path, part), inner
    return _Place(path, kind)


def _put(data: dict[str, Any], path: Sequence[str], value: Any, change: str) -> None:
    here = data
    *parents, last = path
    for parent in parents:
        if here.get(parent) is None:
            here[parent] = {}
        here = here[parent]
        if not isinstance(here, dict):
            raise BrigadeError(f"'{change}': '{parent}' holds no keys")
    here[last] = value


def _value(text: str, kind: Any, change: str) -> Any:
    options = options_of(kind)
    if text in NOTHING and type(None) in options:
        return None
    if all(option is str or option is type(None) or _words(option) for option in options):
        return text
    return _fitted(parse_value(text, f"'{change}'"), parse_value(text, f"'{change}'", as_text=True), kind)


def _fitted(plain: Any, written: Any, kind: Any) -> Any:
    """What YAML says, with single values as they are written where text is wanted."""
    if isinstance(plain, dict):
        keys = plain if holder_of(kind) is None else written
        values = zip(plain.values(), written.values(), strict=True)
        return {key: _fitted(*value, type_at(kind, key)) for key, value in zip(keys, values, strict=True)}
    if isinstance(plain, list):
        return [_fitted(*value, type_at(kind, i)) for i, value in enumerate(zip(plain, written, strict=True))]
    options = options_of(kind)
    if plain is None and type(None) in options:
        return None
    single = {option for option in options if option in (bool, int, float)}
    single |= {type(word) for option in options if get_origin(option) is Literal for word in get_args(option)}
    fits = type(plain) in single or (type(plain) is int and float in single)
    text = any(option is str or is_model(option) or _words(option) for option in options)  # a model by its name
    return written if text and not fits else plain


def _words(kind: Any) -> bool:
    """Whether something is one of some words."""
    return get_origin(kind) is Literal and all(isinstance(word, str) for word in get_args(kind))

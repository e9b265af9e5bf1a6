"""What may stand where in a model: the types of its fields, seen through unions, annotations and containers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

CONTAINERS = (dict, list, tuple, Mapping, Sequence)


def options_of(kind: Any) -> list[Any]:
    """The types that something of the type `kind` may have: of a union each of them, without annotations."""
    return [option for option, _ in _options(kind)]


def marks_of(kind: Any) -> list[Any]:
    """What a type is annotated with, or one of a union's types."""
    return [mark for _, marks in _options(kind) for mark in marks]


def holder_of(kind: Any) -> Any:
    """The model, mapping or list that a type is or, as in `list[int] | None`, may be; None for none."""
    return next((option for option in options_of(kind) if is_model(option) or _is_container(option)), None)


def is_model(kind: Any) -> bool:
    """Whether a type is a model's."""
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def has_keys(kind: Any) -> bool:
    """Whether something of this type may hold something else under a key."""
    holder = holder_of(kind)
    mapped = isinstance(holder, Mapping) or get_origin(holder) in (dict, Mapping)
    return kind is Any or is_model(holder) or mapped


def type_at(kind: Any, part: str | int) -> Any:
    """The type of what stands under a key, or at a place, of something of the type `kind`; None where nothing may.

    A mapping from keys to types stands for a dictionary of which that much is known.
    """
    holder = holder_of(kind)
    if is_model(holder):
        return _fields(holder).get(str(part))
    if isinstance(holder, Mapping):
        return holder.get(part, Any)
    inner = [each for each in get_args(holder) if each is not ...]
    return inner[-1] if inner else Any if kind is Any else None


def keys_of(kind: Any) -> list[str]:
    """The keys that one may write in something of the type `kind`, if it is a model."""
    holder = holder_of(kind)
    return list(_fields(holder)) if is_model(holder) else []


def _options(kind: Any) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Each type of a union with what it is annotated with."""
    if get_origin(kind) is Annotated:
        for option, marks in _options(get_args(kind)[0]):
            yield option, (*kind.__metadata__, *marks)
    elif get_origin(kind) in (Union, UnionType):
        for each in get_args(kind):
            yield from _options(each)
    else:
        yield kind, ()


def _is_container(kind: Any) -> bool:
    return isinstance(kind, Mapping) or get_origin(kind) in CONTAINERS


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    """The types of a model's fields by the key that one writes, with what they are annotated with."""
    return {
        field.alias or name: Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        for name, field in model.model_fields.items()
    }

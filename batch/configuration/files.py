"""Files that a configuration names: beside the configuration first, then from the working directory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from brigade.envs.content import Document
from brigade.envs.field_types import holder_of, is_model, marks_of, type_at
from brigade.envs.kitchen.content.cookbook import FILE_ENDINGS


@dataclass(frozen=True)
class NamesFile:
    """Marks text that names a file; of text that may also be another name, only if it ends in one of `endings`."""

    endings: tuple[str, ...] = ()


FileName = Annotated[str, NamesFile()]
KitchenName = Annotated[str, NamesFile(FILE_ENDINGS)]  # of a bundled one, a file, or `generated:...`


def look_up(data: Any, model: Any, document: Document, inside: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a configuration, in which files that are beside it are named from the working directory.

    Args:
        data: plain data.
        model: that it will become.
        document: where it is from.
        inside: types of what is under keys that take anything.
    """
    return {
        key: _look_up(value, inside[key] if key in inside else type_at(model, key), document, (key,))
        for key, value in data.items()
    }


def _look_up(value: Any, kind: Any, document: Document, path: tuple[str | int, ...]) -> Any:
    if isinstance(value, dict):
        return {key: _look_up(each, type_at(kind, key), document, (*path, key)) for key, each in value.items()}
    if isinstance(value, list):
        return [_look_up(each, type_at(kind, i), document, (*path, i)) for i, each in enumerate(value)]
    if not isinstance(value, str):
        return value
    if is_model(holder_of(kind)):  # something with a name, of which there is no more than the name
        kind = type_at(kind, "name")
    marks = [mark for mark in marks_of(kind) if isinstance(mark, NamesFile)]
    named = any(not mark.endings or value.endswith(mark.endings) for mark in marks)
    if not named or document.folder_of(*path) is None:
        return value
    beside = str(Path(document.source).parent / value)
    return beside if os.path.isfile(beside) else value

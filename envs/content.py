"""Reading YAML that people write: every complaint names the file, the line and the field."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from brigade.envs.registry import BrigadeError, nearest

M = TypeVar("M", bound=BaseModel)


class Model(BaseModel):
    """Base of everything read from YAML: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ContentError(BrigadeError):
    """A file of content (cookbook, kitchen, configuration) that cannot be used.

    Args:
        source: the file's name, or `<string>`.
        line: 1-based line, 0 when unknown.
        message: what is wrong and what was expected.
    """

    def __init__(self, source: str, line: int, message: str):
        super().__init__(f"{source}:{line}: {message}" if line else f"{source}: {message}")
        self.source, self.line, self.message = source, line, message


class Document:
    """A parsed YAML file: plain data, and the line on which each part of it stands."""

    def __init__(self, data: Any, lines: dict[tuple[str | int, ...], int], source: str):
        self.data = data
        self.source = source
        self._lines = lines

    def line(self, *path: str | int) -> int:
        """The 1-based line of the value at `path`, or of its nearest recorded parent."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 0)

    def error(self, message: str, *path: str | int) -> ContentError:
        """An error about the value at `path`."""
        field = ".".join(str(p) for p in path)
        return ContentError(self.source, self.line(*path), f"{field}: {message}" if field else message)


def parse(text: str, source: str = "<string>") -> Document:
    """Parse YAML text into a `Document`.

    Raises:
        ContentError: not YAML, a key given twice, or not a mapping at the top.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        raise ContentError(source, mark.line + 1 if mark else 0, f"not valid YAML: {problem}") from None
    lines: dict[tuple[str | int, ...], int] = {}
    data = _walk(node, (), lines, source) if node is not None else {}
    if not isinstance(data, dict):
        raise ContentError(source, 1, "expected a mapping of keys to values at the top of the file")
    return Document(data, lines, source)


def read(path: str | Path) -> Document:
    """Read and parse a YAML file.

    Raises:
        ContentError: the file cannot be read or is not what it should be.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(str(path), 0, f"cannot be read: {error}") from None
    return parse(text, str(path))


def validate(document: Document, model: type[M]) -> M:
    """Turn a document into a frozen model.

    Raises:
        ContentError: the first field that does not fit, with its line.
    """
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        raise _explain(document, model, error) from None


def _walk(node: yaml.Node, path: tuple[str | int, ...], lines: dict[tuple[str | int, ...], int], source: str) -> Any:
    lines[path] = node.start_mark.line + 1
    loader = yaml.SafeLoader("")
    if isinstance(node, yaml.MappingNode):
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = loader.construct_object(key_node, deep=True)
            if key in result:
                raise ContentError(source, key_node.start_mark.line + 1, f"key '{key}' is given twice")
            result[key] = _walk(value_node, (*path, key), lines, source)
            lines[(*path, key)] = key_node.start_mark.line + 1
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_walk(child, (*path, i), lines, source) for i, child in enumerate(node.value)]
    return loader.construct_object(node, deep=True)


def _explain(document: Document, model: type[BaseModel], error: ValidationError) -> ContentError:
    first = error.errors()[0]
    path = tuple(p for p in first["loc"] if not (isinstance(p, str) and re.fullmatch(r"\[key\]|function-.*", p)))
    if first["type"] == "extra_forbidden":
        valid = list(_fields_at(model, path[:-1]))
        return document.error(f"unknown key; {nearest(str(path[-1]), valid)}", *path)
    message = first["msg"].removeprefix("Value error, ")
    return document.error(message[0].lower() + message[1:], *path)


def _fields_at(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """Names of the fields that the model at `path` inside `model` has."""
    for part in path:
        if isinstance(part, str) and part in model.model_fields:
            inner = _model_in(model.model_fields[part].annotation)
            if inner is None:
                return []
            model = inner
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_in(argument)
        if found is not None:
            return found
    return None

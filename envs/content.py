"""Reading YAML that people write: every complaint names the file, the line and the field."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from brigade.envs.budgets import DEPTH, NODES, YAML_BYTES, read_text
from brigade.envs.field_types import keys_of, type_at
from brigade.envs.registry import BrigadeError, nearest
from brigade.envs.text import one_line, taken

M = TypeVar("M", bound=BaseModel)
_LABEL = re.compile(  # of a union's branch, or a validator, which pydantic puts among the fields
    r"\[key\]|function-.*|float|int|bool|str|(?:list|dict|tuple|constrained-\w+)\[.*\]"
)
LONGEST_FIELD = 80  # characters of a field's name in a message


class Model(BaseModel):
    """Base of everything read from YAML: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def checked(model: type[M], data: Any, where: str = "") -> M:
    """A model from plain data.

    Args:
        model: what it is to be.
        data: what it is made of.
        where: is put before the field that does not fit.

    Raises:
        BrigadeError: something does not fit.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise BrigadeError(where + misfit(model, error)) from None


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
    """A parsed YAML file: plain data, and the line on which each part of it stands.

    Args:
        data: what it holds.
        lines: 1-based, by path into the data.
        source: for messages.
        folder: that the file is in; None for text that is in none.
    """

    def __init__(self, data: Any, lines: dict[tuple[str | int, ...], int], source: str, folder: Path | None = None):
        self.data = data
        self.source = source
        self.folder = folder
        self.lines = lines

    def line(self, *path: str | int) -> int:
        """The 1-based line of the value at `path`, or of its nearest recorded parent."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)

    def origin_of(self, *path: str | int) -> str | None:
        """The change that set the value at `path`; None for what is as it was read."""
        return None

    def folder_of(self, *path: str | int) -> Path | None:
        """Where a file that is named at `path` is looked for first; None for the working directory."""
        return self.folder if self.origin_of(*path) is None else None  # a change is written where one works

    def error(self, message: str, *path: str | int) -> ContentError:
        """An error about the value at `path`."""
        field = ".".join(str(p) for p in path)
        return ContentError(self.source, self.line(*path), f"{field}: {message}" if field else message)


def parse(text: str, source: str = "<string>", folder: Path | None = None) -> Document:
    """Parse YAML text into a `Document`, of a file in this folder.

    Raises:
        ContentError: not YAML, a key given twice, or not a mapping at the top.
    """
    reader = _Reader(source)
    data = reader.read(text, {})
    if not isinstance(data, dict):
        raise ContentError(source, 1, "expected a mapping of keys to values at the top of the file")
    return Document(data, reader.lines, source, folder)


def parse_value(text: str, source: str, as_text: bool = False) -> Any:
    """What a piece of YAML says, of whatever kind; with `as_text` all that is single in it as it is written.

    Raises:
        ContentError: not YAML, or a key given twice.
    """
    return _Reader(source, as_text).read(text, None)


def read(path: str | Path) -> Document:
    """Read and parse a YAML file.

    Raises:
        ContentError: the file cannot be read or is not what it should be.
    """
    text = text_of(path, YAML_BYTES)
    return parse(text, str(path), Path(path).absolute().parent)


def text_of(path: str | Path, most: int) -> str:
    """The text of a file of at most so many bytes.

    Raises:
        ContentError: it cannot be read, or is larger.
    """
    try:
        return read_text(path, most)
    except BrigadeError as error:
        raise ContentError(str(path), 0, str(error).removeprefix(f"{path}: ")) from None


def validate(document: Document, model: type[M]) -> M:
    """Turn a document into a frozen model.

    Raises:
        ContentError: the first field that does not fit, with its line.
    """
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        path, message = first_problem(model, error)
        raise document.error(message, *path) from None


def misfit(model: type[BaseModel], error: ValidationError) -> str:
    """The first thing that does not fit into `model`: its field, and what is wrong with it. See `first_problem`."""
    path, message = first_problem(model, error)
    field = one_line(".".join(map(str, path)), LONGEST_FIELD)
    return f"{field}: {message}" if field else message


def first_problem(model: type[BaseModel], error: ValidationError) -> tuple[tuple[str | int, ...], str]:
    """Where the first thing is that does not fit into `model`, and what is wrong with it, in a few words.

    A key that is not known comes before all else: where one is mistyped, the right one is missing as well.
    """
    errors = error.errors()
    first = next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])
    path = tuple(p for p in first["loc"] if not (isinstance(p, str) and _LABEL.fullmatch(p)))
    if first["type"] == "extra_forbidden":
        kind: Any = model
        for part in path[:-1]:
            kind = type_at(kind, part)
        return path, f"unknown key; {nearest(str(path[-1]), keys_of(kind))}"
    message = first["msg"].removeprefix("Value error, ")
    return path, message[:1].lower() + message[1:]


class _Reader:
    """Makes plain data of YAML nodes, and notes on which line each part stands."""

    def __init__(self, source: str, as_text: bool = False):
        self.source, self.as_text = source, as_text
        self.lines: dict[tuple[str | int, ...], int] = {}
        self._loader = yaml.SafeLoader("")
        self._within: list[yaml.Node] = []  # the nodes that the present one is in
        self._nodes = 0
        self._single: dict[int, Any] = {}  # what single nodes hold

    def read(self, text: str, empty: Any) -> Any:
        """The data of a text; `empty` for one with nothing in it."""
        try:
            node = yaml.compose(text, Loader=yaml.SafeLoader)
            return self.walk(node, ()) if node is not None else empty
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or str(error).splitlines()[0]
            raise ContentError(self.source, mark.line + 1 if mark else 0, f"not valid YAML: {problem}") from None
        except RecursionError:
            raise ContentError(self.source, 0, "nested too deeply to be read") from None

    def walk(self, node: yaml.Node, path: tuple[str | int, ...]) -> Any:
        """The data of the node at `path`."""
        self._nodes += 1
        if self._nodes > NODES:
            raise self._error(node, f"more than {NODES:,} values, those that aliases repeat counted every time")
        if len(path) > DEPTH:
            raise self._error(node, f"nested more than {DEPTH} deep")
        if any(node is outer for outer in self._within):
            raise self._error(node, "an alias to what it is itself a part of")
        self.lines[path] = node.start_mark.line + 1
        self._within.append(node)
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            if isinstance(node, yaml.SequenceNode):
                return [self.walk(child, (*path, i)) for i, child in enumerate(node.value)]
            return self._scalar(node)
        finally:
            self._within.pop()

    def _mapping(self, node: yaml.MappingNode, path: tuple[str | int, ...]) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._error(key_node, "expected a name as key, not a list or a mapping")
            if key_node.tag == "tag:yaml.org,2002:merge":
                raise self._error(key_node, "merging with '<<' is not supported; write the keys out")
            key = self._scalar(key_node)
            if key in result:
                raise self._error(key_node, f"key '{key}' is given twice")
            result[key] = self.walk(value_node, (*path, key))
            self.lines[*path, key] = key_node.start_mark.line + 1
        return result

    def _scalar(self, node: yaml.Node) -> Any:
        if self.as_text:
            return taken(node.value)
        try:
            if id(node) not in self._single:  # an alias repeats a node; its text is taken once
                value = self._loader.construct_object(node, deep=True)
                self._single[id(node)] = taken(value) if isinstance(value, str) else value
            return self._single[id(node)]
        except yaml.constructor.ConstructorError as error:
            raise self._error(node, f"cannot be read: {error.problem}") from None
        except (ValueError, LookupError, AttributeError):  # what PyYAML lets out for `2001-02-30` or `!!int x`
            sort = node.tag.rsplit(":")[-1]
            message = f"'{node.value[:40]}' is not a valid {sort}; if it is meant as text, put it in quotes"
            raise self._error(node, message) from None

    def _error(self, node: yaml.Node, message: str) -> ContentError:
        return ContentError(self.source, node.start_mark.line + 1, message)

"""What all configurations have in common, and the one way in which they are loaded.

A configuration is a YAML file that becomes a frozen model. Six kinds are built on `Configuration`: kitchen runs,
trainings, cross-play, prover-verifier runs, studies, and what a person judges.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field, SerializerFunctionWrapHandler, field_validator, model_serializer

from brigade.batch.configuration.changes import change
from brigade.batch.configuration.files import look_up
from brigade.envs.content import Document, Model, read, validate
from brigade.envs.plugins import Plugin, load_plugins
from brigade.envs.registry import BrigadeError, unknown

LONGEST = 255  # bytes of a name that file systems take
ENDINGS = (".yaml", ".yml")
NAME = r"^[A-Za-z0-9_-]{1,40}$"  # of studies, of what people do in them, and of who they are


def check_participant(participant: str) -> None:
    """See that something can be the id of a participant.

    Raises:
        BrigadeError: it cannot.
    """
    if not re.fullmatch(NAME, participant):
        raise BrigadeError(
            f"participant '{participant}': expected 1 to 40 letters, digits, '_' or '-' (no names of people)"
        )


class Configuration(Model):
    """Base of all configurations.

    Attributes:
        what: the word for one, in messages.
        bundled: the folder of those that come with Brigade.
        results: the folder in which each has one for its results.
        name: of the results' folder, and in tables.
        about: one line, for lists.
        plugins: other people's code to be imported, as it was found: modules and files in a configuration, with their
            digests in what is made of it.
        out: where results go, instead of a folder called like the configuration.
    """

    what: ClassVar[str] = "configuration"
    bundled: ClassVar[Path]
    results: ClassVar[str] = "results"

    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=LONGEST)
    about: str = ""
    plugins: list[Plugin] = []
    out: str | None = None

    @property
    def folder(self) -> Path:
        """Where results go."""
        return Path(self.out or f"{self.results}/{self.name}")

    @classmethod
    def names(cls) -> list[str]:
        """Names of those that come with Brigade."""
        return sorted(path.stem for path in cls.bundled.glob("*.yaml"))

    @classmethod
    def listed(cls) -> list[tuple[str, str]]:
        """Name and one line about each that comes with Brigade; nothing that they name is looked up."""
        return [(name, validate(cls._document(name), cls).about) for name in cls.names()]

    @classmethod
    def load(cls, path: str | Path, changes: Sequence[str] = ()) -> Self:
        """One from a file, or by the name of a bundled one, with `key=value` changes.

        Its plug-ins are imported, so only what plays or trains may load one.

        Raises:
            BrigadeError: an unknown file or key, a plug-in that cannot be imported, something of an unknown name, or
                what does not go together; the message names file, line and field, or the change.
        """
        document = change(cls._document(str(path)), changes, cls, cls.inside)
        plugins = load_plugins(document)
        data = look_up(document.data, cls, document, cls.inside(document.data))
        document.data = data | {"plugins": plugins} if plugins else data
        return validate(document, cls).checked(document)

    @classmethod
    def inside(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        """The types of what is under keys that take anything, as far as the rest of the data tells."""
        return {}

    def checked(self, document: Document) -> Self:
        """The configuration, once it is known that its parts go together and that everything has what it names.

        Raises:
            BrigadeError: something does not; the message names file, line and field.
        """
        return self

    @classmethod
    def _document(cls, path: str) -> Document:
        if path in cls.names():
            return read(cls.bundled / f"{path}.yaml")
        if path.endswith(ENDINGS):
            return read(path)
        if Path(path).is_dir():
            raise BrigadeError(
                f"{path} is a folder; expected the file of a {cls.what}, or a name. Plug-ins that a folder of results "
                "names are never imported: only a file that you name yourself brings them"
            )
        raise unknown(cls.what, path, cls.names())

    @field_validator("out")
    @classmethod
    def _can_be_made(cls, out: str | None) -> str | None:
        if out is not None and ("\0" in out or any(len(os.fsencode(part)) > LONGEST for part in Path(out).parts)):
            raise ValueError(f"no folder can be called that; a name has at most {LONGEST} bytes")
        return out

    @model_serializer(mode="wrap")
    def _as_before(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without `plugins` where there are none, as results had it before there were any."""
        data: dict[str, Any] = dump(self)
        return {key: value for key, value in data.items() if key != "plugins" or value}

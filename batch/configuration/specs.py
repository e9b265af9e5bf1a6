"""Parts that several kinds of configuration have: agents, kitchens, seeds, and where work is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from brigade.agents.base import make_agent
from brigade.batch.configuration.files import KitchenName
from brigade.envs.budgets import SEEDS, check_count
from brigade.envs.content import Document, Model
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.registry import BrigadeError


@contextmanager
def wrong_at(document: Document, *path: str | int) -> Iterator[None]:
    """What is wrong in this block is wrong with the value at `path`.

    Raises:
        ContentError: a `BrigadeError` was raised in it.
    """
    try:
        yield
    except BrigadeError as error:
        raise document.error(str(error), *path) from None


def _counted(value: Any) -> Any:
    if isinstance(value, bool) or (isinstance(value, int) and value < 1):
        raise ValueError("expected a list of seeds, or how many, at least 1")
    if isinstance(value, int | list):
        check_count(value if isinstance(value, int) else len(value), SEEDS, "seeds")
    return list(range(value)) if isinstance(value, int) else value


def _different(seeds: list[int]) -> list[int]:
    if len(set(seeds)) < len(seeds):
        raise ValueError("every seed once")
    return seeds


# A list, or a number n for 0 to n-1.
Seeds = Annotated[list[int], BeforeValidator(_counted), AfterValidator(_different)]


class AgentSpec(Model):
    """An agent by name, with its options."""

    name: str
    options: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        """A plain name is an agent without options."""
        return {"name": value} if isinstance(value, str) else value

    def __str__(self) -> str:
        options = ",".join(f"{key}={value}" for key, value in sorted(self.options.items()))
        return f"{self.name}({options})" if options else self.name

    def check(self, document: Document, *path: str | int) -> None:
        """Make one, to see whether it can be made.

        Raises:
            ContentError: an unknown agent or option, about the value at `path`.
        """
        with wrong_at(document, *path):
            make_agent(self.name, **self.options)


class KitchenChoice(Model):
    """A kitchen by name, with what is to be different about it."""

    name: KitchenName
    horizon: int | None = Field(None, gt=0)
    old_dynamics: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        """A plain name is a kitchen as it is."""
        return {"name": value} if isinstance(value, str) else value

    def load(self) -> Kitchen:
        """The kitchen."""
        return load_kitchen(self.name, self.horizon, self.old_dynamics)

    def check(self, document: Document, *path: str | int) -> Kitchen:
        """The kitchen.

        Raises:
            ContentError: there is none of that name, or its file is not right; about the value at `path`.
        """
        with wrong_at(document, *path):
            return self.load()


class RaySpec(Model):
    """Where episodes run. Without an address Ray is started here; `workers: 0` plays in this process."""

    address: str | None = None
    workers: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _in_one_place(self) -> RaySpec:
        if self.address is not None and self.workers == 0:
            raise ValueError("workers: 0 plays in this process, and an address names a cluster; leave out one of them")
        return self

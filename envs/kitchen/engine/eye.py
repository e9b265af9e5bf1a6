"""What a game asks of an observer that writes what is seen in the same call in which a tick is played."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol

from numpy.typing import NDArray

from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.engine.handle import Handle


class Eye(Protocol):
    """Such an observer; see `observations.compiled_observer`."""

    name: str
    shape: tuple[int, ...]
    kernels: ClassVar[tuple[Callable[..., int], Callable[..., int]]]

    def rows(self, count: int) -> NDArray[Any]:
        """(2 * count, chefs, size) zeros: what so many kitchens show, and the last of episodes that ended."""
        ...

    def eye(self, rows: NDArray[Any], maps: Any = None) -> Handle:
        """The handle with which the kernels write into `rows`."""
        ...

    def map_of(self, kitchen: Kitchen) -> Any:
        """What the kernels look up about one room, as a named tuple."""
        ...

    def stacked(self, maps: Sequence[Any]) -> Any:
        """The maps of several rooms as one."""
        ...

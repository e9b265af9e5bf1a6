"""The kitchen, version 0, through standard interfaces.

```python
from brigade.envs import kitchen_v0

env = kitchen_v0.parallel_env(kitchen="new_counter_circuit", observation="features")  # PettingZoo, all at once
env = kitchen_v0.env(kitchen="new_counter_circuit")                                   # PettingZoo, in turn (AEC)
env = kitchen_v0.solo_env(kitchen="cramped_room", partners="fsm")                     # Gymnasium, one learner
env = kitchen_v0.solo_vector_env(kitchen="cramped_room", num_envs=16, partners="fsm")     # the same, in a batch
env = kitchen_v0.vector_env(kitchen="cramped_room", num_envs=1024, observation="planes")  # a batch, all chefs acting
```

A change that a trained policy could feel makes a new version. What is heavy is imported when an environment is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brigade.envs.kitchen.interfaces.parallel import KitchenParallelEnv
    from brigade.envs.kitchen.interfaces.solo import KitchenSoloEnv
    from brigade.envs.kitchen.interfaces.solo_vector import KitchenSoloVectorEnv
    from brigade.envs.kitchen.interfaces.vector import KitchenVectorEnv
    from brigade.envs.kitchen.observations.observe import Part

__all__ = ["card", "env", "parallel_env", "solo_env", "solo_vector_env", "vector_env"]


def env(**arguments: Any) -> Any:
    """The chefs act in turn, and the tick is played when the last one has acted (PettingZoo's AEC).

    The card and the arguments are those of `KitchenParallelEnv`.
    """
    from pettingzoo.utils.conversions import parallel_to_aec

    return parallel_to_aec(parallel_env(**arguments))


def parallel_env(**arguments: Any) -> KitchenParallelEnv:
    """All chefs act at once (PettingZoo); the card and the arguments are those of `KitchenParallelEnv`."""
    from brigade.envs.kitchen.interfaces.parallel import KitchenParallelEnv

    return KitchenParallelEnv(**arguments)


def solo_env(**arguments: Any) -> KitchenSoloEnv:
    """One learner with given partners (Gymnasium); the card and the arguments are those of `KitchenSoloEnv`."""
    from brigade.envs.kitchen.interfaces.solo import KitchenSoloEnv

    return KitchenSoloEnv(**arguments)


def solo_vector_env(**arguments: Any) -> KitchenSoloVectorEnv:
    """Many kitchens, a learner in each (Gymnasium); the card and the arguments are those of `KitchenSoloVectorEnv`."""
    from brigade.envs.kitchen.interfaces.solo_vector import KitchenSoloVectorEnv

    return KitchenSoloVectorEnv(**arguments)


def vector_env(**arguments: Any) -> KitchenVectorEnv:
    """Many kitchens, all chefs acting (Gymnasium); the card and the arguments are those of `KitchenVectorEnv`."""
    from brigade.envs.kitchen.interfaces.vector import KitchenVectorEnv

    return KitchenVectorEnv(**arguments)


def card(kitchen: str) -> str:
    """The Observation part of the environments' card for any kitchen, as Markdown tables.

    Raises:
        BrigadeError: no such kitchen.
    """
    from brigade.envs.kitchen.content.loading import load_kitchen
    from brigade.envs.kitchen.observations.observe import make_observer, observers

    loaded = load_kitchen(kitchen)
    made = {name: make_observer(name, loaded) for name in observers.names}
    lines = ["| observation | shape | type | range |", "|---|---|---|---|"]
    for name, observer in made.items():
        span = f"{observer.low:.0f} to {observer.high:.0f}" if observer.parts else "a dictionary"
        lines.append(f"| `{name}` | {observer.shape} | {observer.dtype.__name__} | {span} |")
    for name, observer in made.items():
        if observer.parts:
            unit = "channels" if len(observer.shape) == 3 else "indices"
            lines += ["", f"| {unit} of `{name}` | part | contents |", "|---|---|---|"]
            lines += _rows(observer.parts)
    return "\n".join(lines)


def _rows(parts: Sequence[Part]) -> Iterator[str]:
    """A row per part; neighbours of one size that are about the same share one."""
    for (about, size), group in groupby(parts, key=lambda part: (part.about, len(part.labels))):
        like = list(group)
        first, last = like[0].first, like[-1].first + size - 1
        span = f"{first}-{last}" if last > first else str(first)
        names = like[0].name if len(like) == 1 else f"{like[0].name} ... {like[-1].name}, {size} each"
        yield f"| {span} | {names} | {about} |"

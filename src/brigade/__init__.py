"""Brigade: a real-time kitchen in which agents and people cook together.

```python
import brigade

played = brigade.play("new_counter_circuit", ["fsm", "fsm"], seed=1)
print(played.score)
```

What most people need, each loaded when it is first used: `load_kitchen`, `make_agent`, `play`, `run`, `train`,
`verify`, `Agent`, `View`, `Reasoner`, `VirtualClock`, `RealClock`, `api_test`. Gymnasium and PettingZoo know every
kitchen as `Brigade/...-v0`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import wrapt

from brigade._version import __version__

if TYPE_CHECKING:
    from brigade.agents.base import Agent as Agent
    from brigade.agents.base import View as View
    from brigade.agents.base import make_agent as make_agent
    from brigade.dual_process.llm.protocol import Reasoner as Reasoner
    from brigade.envs.kitchen.content.loading import load_kitchen as load_kitchen
    from brigade.experiments.facade import play as play
    from brigade.experiments.facade import run as run
    from brigade.experiments.facade import train as train
    from brigade.experiments.facade import verify as verify
    from brigade.simulation.clock import RealClock as RealClock
    from brigade.simulation.clock import VirtualClock as VirtualClock
    from brigade.simulation.conformance import api_test as api_test

_WHERE = {
    "Agent": "brigade.agents.base",
    "RealClock": "brigade.simulation.clock",
    "Reasoner": "brigade.dual_process.llm.protocol",
    "View": "brigade.agents.base",
    "VirtualClock": "brigade.simulation.clock",
    "api_test": "brigade.simulation.conformance",
    "load_kitchen": "brigade.envs.kitchen.content.loading",
    "make_agent": "brigade.agents.base",
    "play": "brigade.experiments.facade",
    "run": "brigade.experiments.facade",
    "train": "brigade.experiments.facade",
    "verify": "brigade.experiments.facade",
}

__all__ = [  # as in the table above
    "Agent", "RealClock", "Reasoner", "View", "VirtualClock", "__version__", "api_test", "load_kitchen", "make_agent",
    "play", "run", "train", "verify",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """One of the names above, loaded now."""
    if name not in _WHERE:
        raise AttributeError(f"module 'brigade' has no attribute '{name}'")
    found = getattr(importlib.import_module(_WHERE[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE})


def _register(module: Any) -> None:
    importlib.import_module("brigade.envs.gymnasium_ids").register(module)


def _register_multi(module: Any) -> None:
    importlib.import_module("brigade.envs.gymnasium_ids").register_multi(module)


# They take longer to import than Brigade may: the ids are registered when somebody imports them, or now if one has.
wrapt.register_post_import_hook(_register, "gymnasium")
wrapt.register_post_import_hook(_register_multi, "pettingzoo")

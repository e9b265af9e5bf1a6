"""Brigade: a real-time kitchen in which agents and people cook together.

Importing it registers every kitchen with Gymnasium, and the agents as partners, and does nothing else:

```python
import brigade, gymnasium

env = gymnasium.make("Brigade/NewCounterCircuit-v0", partners="fsm")
```
"""

from pathlib import Path

import gymnasium

import brigade.envs
from brigade._version import __version__
from brigade.envs.kitchen.interfaces.partners import Partner, register_partner_source
from brigade.envs.prover_verifier.kitchen.plans import PlanSource, register_plan_source

__all__ = ["__version__"]


def _register() -> None:
    """One id for each kitchen file: `cramped_room.yaml` is `Brigade/CrampedRoom-v0`."""
    for file in sorted((Path(brigade.envs.__file__).parent / "kitchen" / "content" / "kitchens").glob("*.yaml")):
        name = "".join(word.capitalize() for word in file.stem.split("_"))
        gymnasium.register(
            id=f"Brigade/{name}-v0",
            entry_point="brigade.envs.kitchen_v0:solo_env",
            vector_entry_point="brigade.envs.kitchen_v0:vector_env",
            kwargs={"kitchen": file.stem},
        )


def _agent(name: str) -> Partner:
    from brigade.dual_process import build

    return build.make_agent(name)


def _agent_names() -> list[str]:
    from brigade.dual_process import build

    return [name for name, _ in build.list_agents()]


def _plans() -> PlanSource:
    from brigade.agents.planning.plan_follower import MacroPlans

    return MacroPlans()


_register()
register_partner_source(_agent, _agent_names)
register_plan_source(_plans)

"""Brigade: a real-time kitchen in which agents and people cook together.

Importing it registers every kitchen with Gymnasium, and does nothing else:

```python
import brigade, gymnasium

env = gymnasium.make("Brigade/NewCounterCircuit-v0")
```
"""

from pathlib import Path

import gymnasium

import brigade.envs
from brigade._version import __version__

__all__ = ["__version__"]


def _register() -> None:
    """One id for each kitchen file: `cramped_room.yaml` is `Brigade/CrampedRoom-v0`."""
    for file in sorted((Path(brigade.envs.__file__).parent / "kitchen" / "kitchens").glob("*.yaml")):
        name = "".join(word.capitalize() for word in file.stem.split("_"))
        gymnasium.register(
            id=f"Brigade/{name}-v0",
            entry_point="brigade.envs.kitchen_v0:solo_env",
            vector_entry_point="brigade.envs.kitchen_v0:vector_env",
            kwargs={"kitchen": file.stem},
        )


_register()

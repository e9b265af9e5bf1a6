"""The kitchens as ids of Gymnasium's."""

from __future__ import annotations

import gymnasium

from brigade.envs.kitchen.content.folders import own_folder


def register() -> None:
    """One id for each kitchen that comes with Brigade: `cramped_room.yaml` is `Brigade/CrampedRoom-v0`."""
    for file in sorted((own_folder() / "kitchens").glob("*.yaml")):
        name = "".join(word.capitalize() for word in file.stem.split("_"))
        gymnasium.register(
            id=f"Brigade/{name}-v0",
            entry_point="brigade.envs.kitchen_v0:solo_env",
            vector_entry_point="brigade.envs.kitchen_v0:vector_env",
            kwargs={"kitchen": file.stem},
        )

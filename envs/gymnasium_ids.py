"""The kitchens as ids of Gymnasium's."""

from __future__ import annotations

from typing import Any

from brigade.envs.kitchen.content.folders import own_folder


def register(gymnasium: Any) -> None:
    """Register one id for each kitchen that comes with Brigade: `cramped_room.yaml` is `Brigade/CrampedRoom-v0`.

    Args:
        gymnasium: the package, which is imported when somebody wants it and not before.
    """
    for file in sorted((own_folder() / "kitchens").glob("*.yaml")):
        name = "".join(word.capitalize() for word in file.stem.split("_"))
        gymnasium.register(
            id=f"Brigade/{name}-v0",
            entry_point="brigade.envs.kitchen_v0:solo_env",
            vector_entry_point="brigade.envs.kitchen_v0:vector_env",
            kwargs={"kitchen": file.stem},
        )

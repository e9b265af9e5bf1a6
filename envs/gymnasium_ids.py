"""The environments as ids of Gymnasium's and PettingZoo's."""

from __future__ import annotations

from typing import Any

from brigade.envs.kitchen.content.folders import own_folder

SHAPED = {"partners": "fsm", "shaped_coefficient": 1.0}  # somebody to cook with, and hints: can be learned as it is
SIDES = ("verifier", "prover")


def own_kitchens() -> dict[str, str]:
    """The kitchens that come with Brigade, by their names in ids: `cramped_room` is `CrampedRoom`."""
    files = sorted((own_folder() / "kitchens").glob("*.yaml"))
    return {_in_ids(file.stem): file.stem for file in files}


def id_of(kitchen: str) -> str:
    """The id of a kitchen's environment with one learner."""
    return f"Brigade/{_in_ids(kitchen)}-v0"


def _in_ids(kitchen: str) -> str:
    return "".join(word.capitalize() for word in kitchen.split("_"))


def register(gymnasium: Any) -> None:
    """Register the ids of environments with one learner.

    - `Brigade/CrampedRoom-v0`, one for each kitchen: the partner stays where it is, rewards are the score's.
    - `Brigade/CrampedRoom-Shaped-v0`: a state machine is the partner, and rewards are shaped.
    - `Brigade/ProverVerifier-Verifier-v0` and `...-Prover-v0`: one side of a prover-verifier game.

    Args:
        gymnasium: the package, which is imported when somebody wants it and not before.
    """
    for name, kitchen in own_kitchens().items():
        for ending, arguments in (("", {}), ("-Shaped", SHAPED)):
            gymnasium.register(
                id=f"Brigade/{name}{ending}-v0",
                entry_point="brigade.envs.kitchen_v0:solo_env",
                vector_entry_point="brigade.envs.kitchen_v0:solo_vector_env",
                kwargs={"kitchen": kitchen, **arguments},
            )
    for side in SIDES:
        gymnasium.register(
            id=f"Brigade/ProverVerifier-{side.capitalize()}-v0",
            entry_point="brigade.envs.prover_verifier_v0:side_env",
            kwargs={"side": side},
        )


def register_multi(pettingzoo: Any) -> None:
    """Register the ids of environments with several agents: `make("parallel", "Brigade/CrampedRoom-v0")`.

    Args:
        pettingzoo: the package; before 1.27 it has no ids.
    """
    if not hasattr(pettingzoo, "register"):
        return
    for sort, maker in (("aec", "env"), ("parallel", "parallel_env")):
        for name, kitchen in own_kitchens().items():
            entry = f"brigade.envs.kitchen_v0:{maker}"
            pettingzoo.register(sort, f"Brigade/{name}-v0", entry, kwargs={"kitchen": kitchen})
        pettingzoo.register(sort, "Brigade/ProverVerifier-v0", f"brigade.envs.prover_verifier_v0:{maker}")

"""Write `environments.md` from the environments' docstrings: `python docs/make_environments.py`."""

from __future__ import annotations

import inspect
from pathlib import Path

from brigade.envs.kitchen.parallel import KitchenParallelEnv
from brigade.envs.kitchen.solo import KitchenSoloEnv
from brigade.envs.kitchen.vector import KitchenVectorEnv

CARDS = (
    ("PettingZoo: `kitchen_v0.parallel_env`", KitchenParallelEnv),
    ("Gymnasium, one learner: `kitchen_v0.solo_env`", KitchenSoloEnv),
    ("Gymnasium, a batch: `kitchen_v0.vector_env`", KitchenVectorEnv),
)


def page() -> str:
    """The whole page."""
    parts = ["# Environments\n\nGenerated from the classes' docstrings by `docs/make_environments.py`.\n"]
    for title, cls in CARDS:
        card = (inspect.getdoc(cls) or "").replace("\n## ", "\n### ")
        parts.append(f"## {title}\n\n{card}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    Path(__file__).with_name("environments.md").write_text(page(), encoding="utf-8")

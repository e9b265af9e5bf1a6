"""Write `environments.md` from the environments' docstrings: `python docs/make_environments.py`."""

from __future__ import annotations

import inspect
from pathlib import Path

from brigade.envs.kitchen.interfaces.parallel import KitchenParallelEnv
from brigade.envs.kitchen.interfaces.solo import KitchenSoloEnv
from brigade.envs.kitchen.interfaces.solo_vector import KitchenSoloVectorEnv
from brigade.envs.kitchen.interfaces.vector import KitchenVectorEnv
from brigade.envs.prover_verifier.aec import ProverVerifierEnv
from brigade.envs.prover_verifier.games.arithmetic_game import ArithmeticGame
from brigade.envs.prover_verifier.games.erasure import ErasureGame
from brigade.envs.prover_verifier.games.find_plus import FindPlusGame
from brigade.envs.prover_verifier.games.kitchen_game import KitchenGame
from brigade.envs.prover_verifier.games.review_game import ReviewGame
from brigade.envs.prover_verifier.side import SideEnv

CARDS = (
    ("PettingZoo: `kitchen_v0.parallel_env`, and in turn `kitchen_v0.env`", KitchenParallelEnv),
    ("Gymnasium, one learner: `kitchen_v0.solo_env`", KitchenSoloEnv),
    ("Gymnasium, one learner in each of a batch: `kitchen_v0.solo_vector_env`", KitchenSoloVectorEnv),
    ("Gymnasium, a batch, all chefs acting: `kitchen_v0.vector_env`", KitchenVectorEnv),
    ("PettingZoo: `prover_verifier_v0.env` and `parallel_env`", ProverVerifierEnv),
    ("Gymnasium, one side: `prover_verifier_v0.side_env`", SideEnv),
    ("The game `bec_r`", ErasureGame),
    ("The game `ftp_small`", FindPlusGame),
    ("The game `arithmetic`", ArithmeticGame),
    ("The game `arithmetic_review`", ReviewGame),
    ("The game `kitchen`", KitchenGame),
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

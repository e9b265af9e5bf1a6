"""Prover-verifier games, version 0, through standard interfaces.

```python
from brigade.envs import prover_verifier_v0

env = prover_verifier_v0.env(game="ftp_small", protocol="adp")              # PettingZoo, in turn
env = prover_verifier_v0.parallel_env(game="arithmetic", protocol="pvd")    # PettingZoo, all at once
env = prover_verifier_v0.side_env(game="bec_r", side="verifier", others={"prover": "liar"})  # Gymnasium
```

A change that a trained policy could feel makes a new version. What is heavy is imported when an environment is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brigade.envs.prover_verifier.aec import ProverVerifierEnv
    from brigade.envs.prover_verifier.side import SideEnv

__all__ = ["env", "list_games", "list_protocols", "parallel_env", "side_env"]


def env(**arguments: Any) -> ProverVerifierEnv:
    """Agents act in turn (PettingZoo); the card and the arguments are those of `ProverVerifierEnv`."""
    from brigade.envs.prover_verifier.aec import ProverVerifierEnv

    return ProverVerifierEnv(**arguments)


def parallel_env(**arguments: Any) -> Any:
    """The same with an action from everyone in every step (PettingZoo); only that of the agent whose turn it is counts.

    Infos say under `active_agent` whose turn it is.
    """
    from pettingzoo.utils.conversions import turn_based_aec_to_parallel

    return turn_based_aec_to_parallel(env(**arguments))


def side_env(**arguments: Any) -> SideEnv:
    """One learner, given others (Gymnasium); the card and the arguments are those of `SideEnv`."""
    from brigade.envs.prover_verifier.side import SideEnv

    return SideEnv(**arguments)


def list_games() -> list[tuple[str, str]]:
    """Name and one line about every game."""
    from brigade.envs.prover_verifier.games.game import games

    return [(entry.name, entry.about) for entry in games]


def list_protocols() -> list[tuple[str, str]]:
    """Name and one line about every protocol."""
    from brigade.envs.prover_verifier.protocol import PROTOCOLS

    return [(protocol.name, protocol.about) for protocol in PROTOCOLS.values()]

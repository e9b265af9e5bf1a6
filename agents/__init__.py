"""Who acts: agents that choose one atomic action a tick, and the macro actions that they think in."""

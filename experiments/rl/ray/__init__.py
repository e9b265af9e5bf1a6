"""Training through RLlib."""

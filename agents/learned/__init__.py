"""Policies that were trained: networks, checkpoints, and the agent that plays them."""

"""Reinforcement learning: training policies, and measuring how well they coordinate. Needs the `rl` extra."""

"""Worlds: the rules of the games and their standard interfaces. Nothing here knows of agents, clocks or windows."""

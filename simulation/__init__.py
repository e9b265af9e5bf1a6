"""How anything is played: the one loop, its clocks, thoughts, messages and recordings."""

"""How a slow mind helps a fast one, and the one loop in which everything that plays an episode is played."""

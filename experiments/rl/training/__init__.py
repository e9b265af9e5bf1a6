"""PPO, behaviour cloning, populations, and the folders they are kept in."""

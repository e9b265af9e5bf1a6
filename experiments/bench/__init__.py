"""How fast the environments are on this machine."""

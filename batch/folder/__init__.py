"""The folder of a run: its lock, its lines, what may be added to it."""

"""Recordings looked at again, as a replay and as a video."""

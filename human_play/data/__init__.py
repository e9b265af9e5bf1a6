"""Recordings as tables, and other people's tables as recordings."""

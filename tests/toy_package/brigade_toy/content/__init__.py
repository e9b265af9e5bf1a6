"""A kitchen and a cookbook."""

from pathlib import Path


def folder() -> Path:
    """A bar where toast is made."""
    return Path(__file__).parent

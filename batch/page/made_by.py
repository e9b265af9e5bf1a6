"""What made results, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def made_by(provenance: Mapping[str, Any]) -> str:
    """What made a run, on one line."""
    revision = provenance.get("revision")
    parts = [f"brigade {provenance.get('brigade', '?')}"]
    if isinstance(revision, str):
        commit, plus, _ = revision.partition("+")
        parts.append(f"revision {commit[:10]}{', changed since' if plus else ''}")
    parts += [f"python {provenance.get('python', '?')}", str(provenance.get("system", "?"))]
    return "; ".join(parts)

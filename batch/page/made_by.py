"""What made results, and on which machine, in words."""

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


def made_on(machine: Mapping[str, Any]) -> str:
    """The machine that a seed was played on, as far as its figures depend on it; empty where that is not known."""
    if "processor" not in machine:
        return ""
    torch = machine.get("torch")
    if not isinstance(torch, Mapping):
        return str(machine["processor"])
    parts = [f"torch {torch.get('version')}", str(torch.get("instructions")), f"threads: {torch.get('threads')}"]
    parts += [str(torch["gpu"])] if torch.get("gpu") else []
    parts += ["deterministic"] if torch.get("deterministic") else []
    return f"{machine['processor']} ({', '.join(parts)})"

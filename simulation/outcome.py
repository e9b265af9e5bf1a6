"""What came of a thought, whoever thought it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CRASHED = "crashed"


@dataclass(frozen=True)
class Outcome:
    """What came of a thought.

    Attributes:
        value: what it came to; None when there is nothing that can be used.
        problem: why there is not, in words.
        failure: how the call failed, `crashed` after an error of ours; empty when there was a reply.
        latency_s: seconds its calls took, as they were measured.
        prompt_tokens, completion_tokens: what it was asked and answered with, all calls together.
        prompt: the prompt's name and version, empty when there was none.
        trimmed: how many scenes were left out of the prompt.
        told: the value as records have it; its text when not given.
    """

    value: Any = None
    problem: str = ""
    failure: str = ""
    latency_s: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt: str = ""
    trimmed: int = 0
    told: Mapping[str, Any] | None = None

    def as_record(self) -> dict[str, Any]:
        """What records say of it."""
        entry: dict[str, Any] = {"prompt": self.prompt} if self.prompt else {}
        entry["outcome"] = self.failure or ("malformed" if self.value is None else "ok")
        if self.failure != CRASHED:
            entry |= {"prompt_tokens": self.prompt_tokens, "completion_tokens": self.completion_tokens}
        if self.problem:
            entry["problem"] = self.problem
        if self.trimmed:
            entry["trimmed_scenes"] = self.trimmed
        if self.value is not None:
            entry |= {"value": str(self.value)} if self.told is None else self.told
        return entry

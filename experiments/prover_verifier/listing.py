"""Which experiments there are; each is imported when it is asked for, so that listing them needs no PyTorch."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

from brigade.experiments.prover_verifier.outcome import Experiment


@dataclass(frozen=True)
class Where:
    """Where an experiment is, and what it needs."""

    module: str
    needs: tuple[str, ...] = ()

    def load(self) -> Experiment:
        """The experiment."""
        module = importlib.import_module(f"brigade.experiments.prover_verifier.{self.module}")
        found = module.EXPERIMENT
        assert isinstance(found, Experiment)
        return found


EXPERIMENTS: dict[str, Where] = {
    "erasure_channel": Where("erasure", ("torch",)),
    "find_the_plus": Where("find_the_plus", ("torch",)),
    "arithmetic_edits": Where("arithmetic_edits", ("torch",)),
    "arithmetic_transformer": Where("arithmetic_transformer", ("torch",)),
    "arithmetic_dapo": Where("arithmetic_dapo", ("torch",)),
    "arithmetic_llm": Where("arithmetic_llm"),
    "arithmetic_open_weights": Where("arithmetic_open_weights"),  # says itself what it needs, GPU included
    "kitchen_scripted": Where("kitchen_scripted"),
    "kitchen_embedded": Where("kitchen_embedded"),
    "kitchen_rl": Where("kitchen_rl", ("torch",)),
    "kitchen_llm": Where("kitchen_llm"),
}

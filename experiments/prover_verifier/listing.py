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
    "any_game": Where("any_game"),
    "erasure_channel": Where("toys.erasure", ("torch",)),
    "find_the_plus": Where("toys.find_the_plus", ("torch",)),
    "arithmetic_edits": Where("arithmetic.edits", ("torch",)),
    "arithmetic_transformer": Where("transformer.experiment", ("torch",)),
    "arithmetic_dapo": Where("transformer.dapo", ("torch",)),
    "arithmetic_llm": Where("arithmetic.llm"),
    "arithmetic_open_weights": Where("arithmetic.open_weights"),  # says itself what it needs, GPU included
    "kitchen_scripted": Where("kitchen.scripted"),
    "kitchen_embedded": Where("kitchen.embedded"),
    "kitchen_rl": Where("kitchen.rl", ("torch",)),
    "kitchen_llm": Where("kitchen.llm"),
}

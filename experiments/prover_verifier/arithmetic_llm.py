"""The experiment `arithmetic_llm`."""

from brigade.experiments.prover_verifier.language import ArithmeticLanguageSettings, play_arithmetic
from brigade.experiments.prover_verifier.outcome import Experiment

EXPERIMENT = Experiment(
    "arithmetic_llm", "language models on word problems, by prompt", ArithmeticLanguageSettings, play_arithmetic
)

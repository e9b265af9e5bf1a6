"""The experiment `kitchen_llm`."""

from brigade.experiments.prover_verifier.kitchen.scripted import kitchen_read
from brigade.experiments.prover_verifier.language.language import KitchenLanguageSettings, play_kitchen
from brigade.experiments.prover_verifier.outcome import Experiment

EXPERIMENT = Experiment(
    "kitchen_llm", "language models on claims about a kitchen, by prompt", KitchenLanguageSettings, play_kitchen,
    reads=kitchen_read,
)  # fmt: skip

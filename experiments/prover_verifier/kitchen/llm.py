"""The experiment `kitchen_llm`."""

from brigade.experiments.prover_verifier.kitchen.scripted import kitchen_read
from brigade.experiments.prover_verifier.language.language import KitchenLanguageSettings, play_kitchen
from brigade.experiments.prover_verifier.outcome import Experiment

EXPERIMENT = Experiment(KitchenLanguageSettings, play_kitchen, reads=kitchen_read)

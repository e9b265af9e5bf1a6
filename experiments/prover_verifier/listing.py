"""Which experiments there are; each is imported when it is asked for, so that listing them needs no PyTorch."""

from __future__ import annotations

EXPERIMENTS = {  # modules of `brigade.experiments.prover_verifier`, by name
    "any_game": "any_game",
    "erasure_channel": "toys.erasure",
    "find_the_plus": "toys.find_the_plus",
    "arithmetic_edits": "arithmetic.edits",
    "arithmetic_transformer": "transformer.experiment",
    "arithmetic_dapo": "transformer.dapo",
    "arithmetic_llm": "arithmetic.llm",
    "arithmetic_open_weights": "arithmetic.open_weights",  # says itself what it needs, GPU included
    "kitchen_scripted": "kitchen.scripted",
    "kitchen_embedded": "kitchen.embedded",
    "kitchen_rl": "kitchen.rl",
    "kitchen_llm": "kitchen.llm",
}

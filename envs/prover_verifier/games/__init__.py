"""The games that a prover and a verifier can play, by name."""

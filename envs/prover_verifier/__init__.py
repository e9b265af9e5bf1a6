"""Prover-verifier games: an untrusted prover argues, a weaker and trusted verifier decides."""

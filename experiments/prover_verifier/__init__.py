"""Prover-verifier games: training, experiments and their report."""

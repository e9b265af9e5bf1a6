"""Screens on which a person is the verifier."""

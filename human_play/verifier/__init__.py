"""A person as the verifier: items, words, sessions."""

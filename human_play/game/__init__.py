"""A game that a person plays in: its loop, its options, what is shown beside it."""

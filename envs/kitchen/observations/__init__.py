"""What a learner sees of a kitchen."""

"""What all configurations have in common: how they are read, changed, varied, and what they name."""

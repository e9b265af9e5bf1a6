"""A toy package: one of everything that others can bring to Brigade."""

"""Pages about results: one look, one policy, every value escaped, nothing to be fetched from anywhere."""

"""The kinds of thought, one object each. `base` says what one is, and how other packages bring theirs."""

"""Games small enough to be solved: the erasure channel and finding the plus."""

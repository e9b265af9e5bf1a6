"""The language of conditions that plans are guarded by."""

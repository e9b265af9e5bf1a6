"""Imagination: what would come of doing something, tried in copies of the kitchen that know what the chef knows."""

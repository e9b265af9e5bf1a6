"""Kitchens x teams x seeds, played and verified."""

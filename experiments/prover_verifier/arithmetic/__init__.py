"""Arithmetic: learned edits, prompted models and open weights."""

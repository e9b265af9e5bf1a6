"""Cookbooks and kitchens as data, and the tables that the engine reads."""

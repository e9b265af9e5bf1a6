"""The rules, their state, and what they are compiled with."""

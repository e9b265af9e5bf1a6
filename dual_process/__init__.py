"""Agents that think while they act: a thinker beside a fast side."""

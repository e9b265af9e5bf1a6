"""Slow minds behind one protocol: OpenAI-compatible endpoints, recorded calls, and the scripted `house`."""

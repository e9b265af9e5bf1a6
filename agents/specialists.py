"""Rule partners."""

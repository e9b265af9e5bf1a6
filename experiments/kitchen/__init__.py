"""Questions asked by playing kitchens: runs and their reports."""

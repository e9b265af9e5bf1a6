"""How any question is run: configurations, run folders, jobs on Ray, pages and numbers."""

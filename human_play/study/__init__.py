"""Studies: their files, schedules, progress and analysis."""

"""Asking questions: configurations, runs, records, reports, and the command line."""

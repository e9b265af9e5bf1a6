"""Plans: what a mind can say to System 1, how it is read, and how it is followed."""

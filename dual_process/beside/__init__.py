"""A process beside the kitchen's, for whatever must not make a tick late: imagining, and asking endpoints."""

"""`python -m brigade` is the command line."""

from brigade.experiments.cli import main

main()

"""`brigade` and `python -m brigade` are the command line."""

from brigade.experiments.cli import app, main
from brigade.human_play import cli as human_play

human_play.mount(app)

if __name__ == "__main__":
    main()

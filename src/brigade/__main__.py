"""`brigade` and `python -m brigade` are the command line."""

from brigade.experiments.cli import app, main
from brigade.experiments.cli_pvg import pvg
from brigade.human_play import cli as human_play
from brigade.human_play import cli_verifier as pvg_cli

human_play.mount(app)
pvg_cli.mount(pvg)

if __name__ == "__main__":
    main()

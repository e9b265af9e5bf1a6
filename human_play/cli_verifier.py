"""`brigade pvg play`: a person as verifier, in a window or in the terminal."""

from __future__ import annotations

import importlib.util
from typing import Annotated

import typer

from brigade.envs.registry import BrigadeError
from brigade.human_play.window.sizes import size_of

IN_TERMINAL = "or play in the terminal with --text, which also works over ssh"


def mount(pvg: typer.Typer) -> None:
    """Add the command to `brigade pvg`."""
    pvg.command()(play)


def play(
    config: Annotated[
        str, typer.Argument(help="A YAML file, or the name of a bundled one; without it, lists them.")
    ] = "",
    changes: Annotated[list[str] | None, typer.Argument(help="key=value, for example items=10 out=DIR")] = None,
    participant: Annotated[str, typer.Option(help="The participant's id (no name); again to go on later.")] = "",
    text: Annotated[bool, typer.Option("--text", help="In the terminal, without a window.")] = False,
    size: Annotated[str, typer.Option(help="Of the window, as 1024x768.")] = "1024x768",
    fullscreen: Annotated[bool, typer.Option(help="Fill the screen.")] = False,
) -> None:
    """Judge arguments yourself: read, look, accept or reject under a time limit; every item is recorded."""
    from brigade.human_play.verifier.config import JudgingConfig
    from brigade.human_play.verifier.session import open_session

    if not config:
        _list()
        return
    loaded = JudgingConfig.load(config, changes or [])
    if participant:
        loaded = loaded.model_copy(update={"participant": participant})
    pixels = size_of(size)
    if not text:
        _need_pygame()
    with open_session(loaded) as session:
        if text:
            from brigade.human_play.verifier.terminal import play_in_terminal

            play_in_terminal(session, typer.echo)
            return
        from brigade.human_play.screens.verifier.judging import JudgingRunner
        from brigade.human_play.window.app import open_window

        open_window(pixels, fullscreen, lambda app: JudgingRunner(app, session).first(), IN_TERMINAL)
    done, whole = session.place
    typer.echo(f"{done} of {whole} are judged, in {session.path} (brigade pvg report {loaded.folder})")
    if session.current is not None and not loaded.participant:
        typer.echo(f"the same command with participant={session.participant} goes on from there")


def _list() -> None:
    from brigade.batch.numbers import print_table
    from brigade.batch.terminal import Terminal
    from brigade.human_play.verifier.config import JudgingConfig

    console = Terminal()
    print_table(console, ("to be played", "about"), JudgingConfig.listed(), words=True)
    console.print("\nbrigade pvg play NAME [key=value ...] [--participant ID] [--text]", markup=False)


def _need_pygame() -> None:
    if importlib.util.find_spec("pygame") is None:
        raise BrigadeError(
            f"the window needs pygame-ce, which comes with Brigade: pip install pygame-ce; {IN_TERMINAL}"
        )

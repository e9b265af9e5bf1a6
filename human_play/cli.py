"""`brigade play`: a window with a kitchen in it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer
from typer.core import TyperGroup

from brigade.envs.registry import BrigadeError, unknown
from brigade.human_play.cli_data import recordings as recordings_commands
from brigade.human_play.cli_data import report
from brigade.human_play.cli_replay import replay
from brigade.human_play.window.sizes import size_of
from brigade.simulation.messages import Mode

if TYPE_CHECKING:  # what a window needs is imported when one is opened
    from brigade.dual_process.llm.client import Endpoint
    from brigade.human_play.window.app import App, Screen


class _StudyGroup(TyperGroup):
    """`brigade study FILE` runs a study; anything that is no command is a study to be run."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is meant."""
        known = args and (args[0] in self.commands or args[0].startswith("-"))
        return super().resolve_command(ctx, args if known else ["run", *args])


study_commands = typer.Typer(
    cls=_StudyGroup,
    no_args_is_help=True,
    help="Studies with people: `brigade study STUDY.yaml --participant ID`, `brigade study report DIR`.",
)


def mount(app: typer.Typer) -> None:
    """Add the commands for people to the command line."""
    app.command()(play)
    app.command()(replay)
    app.command("bench-window")(bench_window)
    study_commands.command("run")(study)
    study_commands.command("list")(studies)
    study_commands.command("report")(report)
    app.add_typer(study_commands, name="study")
    app.add_typer(recordings_commands, name="recordings")


def play(
    kitchen: Annotated[str, typer.Option(help="A kitchen, a file, or generated:seed=7.")] = "",
    partner: Annotated[
        list[str] | None,
        typer.Option(help="An agent, 'person' for a second player, a training's folder, or trained:NAME."),
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="How long the game is; default the kitchen's own.")] = None,
    hz: Annotated[float, typer.Option(help="Ticks a second, 1 to 15.")] = 4.0,
    seed: Annotated[int | None, typer.Option(help="Of the orders; default another one every time.")] = None,
    seat: Annotated[int, typer.Option(help="Which chef you are, from 0.")] = 0,
    messages: Annotated[str, typer.Option(help="Who may talk: both, human, agent or nobody.")] = "both",
    thoughts: Annotated[bool, typer.Option(help="Show what a thinking partner thinks.")] = False,
    practice: Annotated[bool, typer.Option(help="A game that can be paused.")] = False,
    model: Annotated[
        str, typer.Option(help="The language model of thinking partners; default the scripted 'house'.")
    ] = "",
    base_url: Annotated[str, typer.Option(help="Where that model is, for example http://localhost:8000/v1.")] = "",
    key_env: Annotated[str, typer.Option(help="The environment variable with its key; '' if none.")] = "OPENAI_API_KEY",
    quality: Annotated[float, typer.Option(help="How often 'house' decides well, 0 to 1.")] = 1.0,
    authority: Annotated[str, typer.Option(help="How thinking partners take plans: 'check', 'obey' or 'advise'.")] = "",
    recordings: Annotated[Path, typer.Option(help="The folder for recordings.")] = Path("recordings"),
    record: Annotated[bool, typer.Option(help="Whether to record.")] = True,
    size: Annotated[str, typer.Option(help="Of the window, as 1024x768.")] = "1024x768",
    fullscreen: Annotated[bool, typer.Option(help="Fill the screen.")] = False,
    countdown: Annotated[float, typer.Option(min=0, help="Seconds before the first tick.")] = 3.0,
) -> None:
    """Cook with an agent, another person, or alone, in a window.

    Without --kitchen, --partner and --seconds it opens on a start screen; with any of them straight in a game.
    """
    from brigade.dual_process.reasoners import ReasonerSpec
    from brigade.human_play.game.game_options import GameOptions
    from brigade.human_play.screens.start import StartScreen, play_once
    from brigade.human_play.window.app import open_window

    if messages not in get_args(Mode):
        raise unknown("message mode", messages, list(get_args(Mode)))
    game_options = GameOptions(
        kitchen=kitchen or "new_counter_circuit",
        partners=tuple(partner or ("fsm",)),
        seconds=seconds,
        hz=hz,
        seed=seed,
        mode=cast(Mode, messages),
        reasoner=ReasonerSpec(quality=quality, endpoint=_endpoint(model, base_url, key_env)),
        thoughts=thoughts,
        practice=practice,
        folder=recordings if record else None,
        seat=seat,
        authority=authority,
    )
    game_options.setup(datetime.now())  # whatever is wrong is said before a window opens

    def first(app: App) -> Screen:
        if kitchen or partner or seconds:
            return play_once(app, game_options.setup(datetime.now()), countdown)
        return StartScreen(app, game_options, countdown)

    open_window(size_of(size), fullscreen, first)


def study(
    file: Annotated[str, typer.Argument(help="A study's file, or the name of one that comes with Brigade.")],
    participant: Annotated[str, typer.Option(help="The participant's id: letters, digits, - and _.")],
    folder: Annotated[Path | None, typer.Option(help="Where the data goes; default studies/NAME.")] = None,
    size: Annotated[str, typer.Option(help="Of the window, as 1024x768.")] = "1024x768",
    fullscreen: Annotated[bool, typer.Option(help="Fill the screen.")] = False,
    countdown: Annotated[float, typer.Option(min=0, help="Seconds before a game's first tick.")] = 3.0,
) -> None:
    """Run a study with one participant; the same command goes on where it was left."""
    from brigade.human_play.screens.study import StudyRunner
    from brigade.human_play.study.progress import StudyFolder
    from brigade.human_play.study.study import StudySpec
    from brigade.human_play.window.app import open_window

    spec = StudySpec.load(file)
    place = folder or spec.folder
    with StudyFolder(place, spec) as opened:
        session = opened.session(participant)
        for note in opened.notes:
            typer.echo(note, err=True)
        open_window(size_of(size), fullscreen, lambda app: StudyRunner(app, session, countdown).screen())
        done, steps = session.place
    typer.echo(f"{done} of {steps} steps are finished, in {place}")


def studies() -> None:
    """List the studies that come with Brigade."""
    from brigade.human_play.study.study import StudySpec

    for name in StudySpec.names():
        typer.echo(f"{name}: {StudySpec.load(name).title}")


def bench_window(
    seconds: Annotated[float, typer.Option(help="How long to play.")] = 125.0,
    size: Annotated[str, typer.Option(help="Of the window.")] = "1920x1080",
    partner: Annotated[str, typer.Option(help="Who cooks with the machine that presses keys.")] = "dpt",
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Measure the window's frames a second and the lateness of ticks while a partner thinks.

    A machine presses the keys. Without a display: SDL_VIDEODRIVER=dummy.
    """
    from dataclasses import asdict

    from brigade.human_play.game.game_options import GameOptions
    from brigade.human_play.screens.window_bench import measure

    game_options = GameOptions(partners=(partner,), seconds=seconds, seed=0, folder=None, thoughts=True)
    found = asdict(measure(game_options.setup(datetime.now()), size_of(size)))
    if as_json:
        typer.echo(json.dumps(found))
        return
    for name, value in found.items():
        typer.echo(f"{name.replace('_', ' '):20} {value}")


def _endpoint(model: str, base_url: str, key_env: str) -> Endpoint | None:
    from brigade.dual_process.llm.client import Endpoint

    if not model and not base_url:
        return None
    if not model:
        raise BrigadeError("--base-url needs --model NAME as well")
    return Endpoint.model_validate({"model": model, "key_env": key_env, **({"base_url": base_url} if base_url else {})})

"""`brigade pvg`: prover-verifier games from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from brigade.experiments.cli_shared import console, errors, going_on_later, print_problems, print_table


class _RunsByDefault(TyperGroup):
    """`brigade pvg CONFIG` is `brigade pvg run CONFIG`, and `brigade pvg play_NAME` is `brigade pvg play play_NAME`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command named first, or else `run`."""
        if args and args[0] not in self.commands:
            played = "play" in self.commands and args[0].startswith("play_") and not args[0].endswith((".yaml", ".yml"))
            args = ["play" if played else "run", *args]
        return super().resolve_command(ctx, args)


pvg = typer.Typer(
    cls=_RunsByDefault,
    help="Prover-verifier games: `brigade pvg CONFIG [key=value ...]` runs one; without anything, lists them.",
    invoke_without_command=True,
)


@pvg.callback()
def _root(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        games()


@pvg.command()
def games() -> None:
    """List configurations, games and protocols."""
    from brigade.envs.prover_verifier.games.game import games as registry
    from brigade.envs.prover_verifier_v0 import list_games, list_protocols
    from brigade.experiments.prover_verifier.config import PvgConfig

    for title, rows in (
        ("configuration", PvgConfig.listed()),
        ("game", list_games()),
        ("protocol", list_protocols()),
    ):
        print_table((title, "about"), rows)
        console.print()
    console.print("brigade pvg play: what a person can play as verifier")
    print_problems(console, registry.problems)


@pvg.command()
def run(
    config: Annotated[str, typer.Argument(help="A YAML file, or the name of a bundled configuration.")],
    changes: Annotated[list[str] | None, typer.Argument(help="key=value, for example seeds=5 out=DIR")] = None,
) -> None:
    """Play an experiment over its seeds; run it again to go on where it stopped."""
    from brigade.experiments.prover_verifier.config import PvgConfig
    from brigade.experiments.prover_verifier.run import run_pvg

    loaded = PvgConfig.load(config, changes or [])
    with going_on_later(loaded.folder):
        run_pvg(loaded, console)
    _print(loaded.folder)
    console.print(f"results: {loaded.folder} (brigade pvg report {loaded.folder} for a page)")


@pvg.command()
def report(
    folder: Annotated[Path, typer.Argument(help="A results folder, or a file of one person's session.")],
    html: Annotated[Path | None, typer.Option(help="Write a page with plots here.")] = None,
) -> None:
    """Say how a run went, or how well people judged; by default also as a page, `report.html` in its folder."""
    from brigade.experiments.prover_verifier.report.page import write_page

    left_out = _print(folder)
    beside = folder.parent if folder.is_file() else folder
    page = html if html is not None else beside / "report.html"
    write_page(folder, page)
    errors.print(f"page: {page}")
    if left_out:
        raise typer.Exit(1)


def _print(folder: Path) -> list[str]:
    from brigade.experiments.prover_verifier.report.terminal import print_pvg_report

    return print_pvg_report(folder, console)

"""The command line: `brigade COMMAND`. Every command is a thin wrapper; what it does is in a module of its own."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from brigade._version import __version__
from brigade.batch.running.stopping import hear_as_interrupt
from brigade.envs.registry import OWN, BrigadeError
from brigade.experiments.cli_llm import house, llm
from brigade.experiments.cli_pvg import pvg
from brigade.experiments.cli_shared import (
    INTERRUPTED,
    ToErrors,
    console,
    errors,
    going_on_later,
    print_problems,
    print_table,
)
from brigade.experiments.cli_tom import tom
from brigade.experiments.rl import cli as rl

app = typer.Typer(
    help="A real-time kitchen in which agents and people cook together.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(llm, name="llm")
app.add_typer(pvg, name="pvg")
app.add_typer(rl.policies, name="policies")
app.command()(house)
app.command()(tom)
app.command()(rl.train)
app.command()(rl.crossplay)


def _line(text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    pass


@app.command()
def kitchens(
    name: Annotated[str, typer.Argument(help="A kitchen, a file, or generated:seed=7,chefs=3,style=divided")] = "",
    png: Annotated[Path | None, typer.Option(help="Write a picture here.")] = None,
    size: Annotated[str, typer.Option(help="Of the picture, as 800x600.")] = "",
    after: Annotated[int, typer.Option(min=0, help="Let state machines cook for this many ticks first.")] = 0,
    yaml: Annotated[bool, typer.Option("--yaml", help="Print the kitchen's file.")] = False,
) -> None:
    """List the kitchens, or draw one."""
    from brigade.envs.kitchen.content.folders import content_problems
    from brigade.envs.kitchen.content.loading import list_kitchens, load_kitchen

    if name:
        _show_kitchen(name, png, size, after, yaml)
        return
    if png is not None or yaml:
        raise BrigadeError("--png and --yaml need the name of a kitchen")
    rows, problems = [], content_problems()
    for each in list_kitchens():
        try:
            kitchen = load_kitchen(each)
        except BrigadeError as error:  # a package's: the others are listed all the same
            problems.append(str(error))
            continue
        rows.append((each, str(kitchen.chefs), kitchen.spec.cookbook, kitchen.spec.rules, kitchen.spec.about))
    print_table(("kitchen", "chefs", "cookbook", "rules", "about"), rows)
    console.print("brigade kitchens NAME draws one; generated:seed=7 draws a new one.")
    print_problems(errors, problems)


def _show_kitchen(name: str, png: Path | None, size: str, after: int, as_yaml: bool) -> None:
    from brigade.envs.kitchen.content.generate import generate_from_name, unservable
    from brigade.envs.kitchen.content.loading import load_kitchen
    from brigade.envs.kitchen.pictures.text import draw, legend
    from brigade.simulation.episode import state_after

    kitchen = load_kitchen(name)
    if as_yaml:
        text = generate_from_name(name) if name.startswith("generated") else Path(kitchen.source).read_text("utf-8")
        print(text, end="")
        return
    described = state_after(kitchen, "fsm", after)
    console.print(Text(kitchen.spec.title, style="bold").append(f" ({kitchen.name}): {kitchen.spec.about}", "not bold"))
    console.print(draw(kitchen, described), highlight=False, markup=False)
    console.print(", ".join(legend(kitchen)), highlight=False, soft_wrap=True)
    about = f"orders: {', '.join(kitchen.order_dishes)}; {kitchen.horizon} ticks, {kitchen.spec.rules} rules"
    console.print(about, soft_wrap=True)
    for dish, reason in unservable(kitchen).items():
        errors.print(
            Text("warning:", style="yellow").append(f" {dish} cannot be made and served here: {reason}", "default")
        )
    if png is not None:
        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # pygame greets on standard output otherwise
        from brigade.envs.kitchen.pictures.render import render, save_png

        save_png(render(kitchen, described, _size(size)), png)
        console.print(f"{kitchen.name} is drawn in {png}", soft_wrap=True)


def _size(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit() and 64 <= int(width) <= 8192 and 64 <= int(height) <= 8192):
        raise BrigadeError(f"--size '{text}': expected WIDTHxHEIGHT in pixels, 64 to 8192 each, as 800x600")
    return int(width), int(height)


@app.command()
def agents() -> None:
    """List the agents."""
    from brigade.agents.base import agents as registry
    from brigade.dual_process.frameworks import AS_PUBLISHED

    columns = 3 if any(entry.source != OWN for entry in registry) else 2
    published = [entry.name for entry in registry if entry.name.endswith(AS_PUBLISHED)]
    rows = [(entry.name, entry.about, entry.source)[:columns] for entry in registry if entry.name not in published]
    print_table(("agent", "about", "from")[:columns], rows)
    console.print(f"As published with DPT-Agent (arXiv 2502.11882): {', '.join(published)}", highlight=False)
    print_problems(errors, registry.problems)


@app.command()
def run(
    config: Annotated[str, typer.Argument(help="A YAML file, or the name of a bundled configuration.")] = "",
    changes: Annotated[list[str] | None, typer.Argument(help="key=value, for example seeds=5 out=DIR")] = None,
) -> None:
    """Play a matrix of kitchens x teams x seeds on all cores; run it again to go on where it stopped."""
    from brigade.experiments.kitchen.run.config import RunConfig

    if not config:
        print_table(("configuration", "about"), RunConfig.listed())
        return
    loaded = RunConfig.load(config, changes or [])
    from brigade.experiments.kitchen.run.run import run as play

    with going_on_later(loaded.folder):
        play(loaded, console)
    _print_report([loaded.folder])
    console.print(f"results: {loaded.folder} (brigade report {loaded.folder} --html report.html for a page with plots)")


@app.command()
def report(
    results: Annotated[list[Path], typer.Argument(help="Results folders.")],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write a page with plots here.")] = None,
) -> None:
    """Say how runs went."""
    from brigade.experiments.kitchen.report import report as reports

    if as_json:
        found = reports.as_json(results)
        print(json.dumps(found, indent=2))
        left_out = found["left_out"]
    else:
        left_out = reports.print_report(results, console)
    if html is not None:
        from brigade.experiments.kitchen.report.page import write_html

        write_html(results, html)
        errors.print(f"page: {html}")
    if left_out:
        raise typer.Exit(1)


def _print_report(folders: list[Path]) -> None:
    from brigade.experiments.kitchen.report import report as reports

    reports.print_report(folders, console)


@app.command()
def verify(files: Annotated[list[Path], typer.Argument(help="Recordings or results folders.")]) -> None:
    """Replay recordings and say of each whether every step is identical."""
    from brigade.experiments.kitchen.run.verify import verify_file

    same = different = broken = 0
    for file in files:
        try:
            for verdict in verify_file(file):
                if verdict.difference is None:
                    same += 1
                    _line(f"identical  {verdict.where}  {verdict.what}, {verdict.steps} steps")
                elif not verdict.readable:
                    broken += 1
                    _line(f"UNREADABLE {verdict.where}: {verdict.difference}")
                else:
                    different += 1
                    _line(f"DIFFERENT  {verdict.where}  {verdict.what}: {verdict.difference}")
        except BrigadeError as error:
            broken += 1
            _line(f"UNREADABLE {error}")
    console.print(f"{same} identical, {different} different, {broken} files unreadable")
    if different or broken:
        raise typer.Exit(1)


@app.command()
def bench(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Shorter measurements.")] = False,
    kitchen: Annotated[str, typer.Option(help="Which kitchen.")] = "new_counter_circuit",
    gpu: Annotated[bool, typer.Option("--gpu", help="Kitchens and training on a GPU instead.")] = False,
) -> None:
    """Measure steps per second of each environment, batch size and observation on this machine."""
    from brigade.experiments.bench import bench as benches

    before = benches.load()
    if gpu:
        from brigade.agents.learned.checkpoint import require_torch

        require_torch()
        from brigade.experiments.bench.bench_gpu import bench_gpu

        figures = bench_gpu(errors, kitchen=kitchen, quick=quick)
    else:
        figures = benches.bench(errors, kitchen=kitchen, quick=quick)
    if as_json:
        print(json.dumps(benches.as_json(figures, before), indent=2))
    else:
        benches.print_bench(figures, console, before)


@app.command()
def demo(
    speed: Annotated[float, typer.Option(help="Ticks shown per second; 0 for as fast as possible.")] = 60.0,
    out: Annotated[Path | None, typer.Option(help="Keep the results here.")] = None,
) -> None:
    """Cook three episodes in the terminal, then print the report."""
    from brigade.experiments.kitchen.run.demo import demo as cook

    folder = cook(console, speed, out)
    _print_report([folder])
    console.print(f"results: {folder}")


def main() -> None:
    """Run the command line; what a person got wrong is one clear line, not a traceback."""
    hear_as_interrupt()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # what an old terminal, or a pipe in another locale, has no letter for
    logging.basicConfig(level=logging.WARNING, handlers=[ToErrors()], format="%(message)s")
    try:
        app()
    except BrigadeError as error:
        errors.print(Text("error:", style="bold red").append(f" {error}", "not bold default"), soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        errors.print("stopped")
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()

"""`brigade train` and `brigade crossplay`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from brigade.batch.estimate import estimate
from brigade.batch.numbers import figure, print_table
from brigade.experiments.cli_shared import console

if TYPE_CHECKING:
    from brigade.experiments.rl.evaluation.evaluate import Returns


def train(
    config: Annotated[str, typer.Argument(help="A YAML file, or the name of a bundled training.")] = "",
    changes: Annotated[list[str] | None, typer.Argument(help="key=value, for example seeds=3 out=DIR")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where it stopped.")] = False,
) -> None:
    """Train policies, and measure what they earn."""
    from brigade.agents.learned.checkpoint import require_torch
    from brigade.experiments.rl.config import TrainConfig

    if not config:
        console.print("brigade train CONFIG.yaml, or one of: " + ", ".join(TrainConfig.names()), soft_wrap=True)
        return
    loaded = TrainConfig.load(config, changes or [])
    require_torch()
    from brigade.experiments.rl.training.population import train_seeds

    for seed, returns in train_seeds(loaded, console, resume).items():
        _show_returns(f"{loaded.name} seed {seed}", loaded.run_folder(seed), returns)


def _show_returns(label: str, folder: Path, returns: Sequence[Returns]) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), title=f"{label}: sparse return", title_justify="left")
    for column in ("team", "actions", "mean", "error", "lowest", "deliveries", "episodes"):
        table.add_column(column, no_wrap=column != "team")
    for each in returns:
        error = figure(estimate(each.scores).error)
        numbers = (figure(each.mean), error, str(min(each.scores)), figure(each.served), str(len(each.scores)))
        table.add_row(each.team, each.mode, *numbers)
    console.print(table)
    console.print(f"checkpoints: {folder}", highlight=False, soft_wrap=True)


def crossplay(
    config: Annotated[str, typer.Argument(help="A YAML file, or the name of a bundled cross-play.")] = "",
    changes: Annotated[list[str] | None, typer.Argument(help="key=value, for example episodes=50 out=DIR")] = None,
) -> None:
    """Measure policies with each other in both seats; run it again to go on where it stopped."""
    from brigade.agents.learned.checkpoint import require_torch

    require_torch()
    from brigade.experiments.rl.evaluation.crossplay import CrossplayConfig
    from brigade.experiments.rl.evaluation.crossplay import crossplay as play
    from brigade.experiments.rl.evaluation.matrix import PICTURE, show

    if not config:
        console.print("brigade crossplay CONFIG.yaml, or one of: " + ", ".join(CrossplayConfig.names()), soft_wrap=True)
        return
    loaded = CrossplayConfig.load(config, changes or [])
    show(play(loaded, console), loaded.folder, console)
    console.print(f"heat map: {loaded.folder / PICTURE}", highlight=False, soft_wrap=True)


policies = typer.Typer(help="List trained policies, or write one as ONNX.", no_args_is_help=True)


@policies.command("list")
def list_policies() -> None:
    """The trained policies that come with Brigade: what each was trained in, and what its networks see."""
    from brigade.agents.learned.checkpoint import bundled_policies, find, read_card

    cards = [(name, read_card(find(name))) for name in bundled_policies()]
    lines = [(f"trained:{name}", card.rules, card.observation, f"{card.steps / 1e6:.1f} M") for name, card in cards]
    print_table(console, ("as a partner", "rules", "observation", "steps"), lines, words=True)


@policies.command("export")
def export(
    policy: Annotated[str, typer.Argument(help="A checkpoint, the folder of a training run, or a bundled policy.")],
    out: Annotated[Path, typer.Argument(help="The file, for example chef.onnx.")],
    seat: Annotated[int, typer.Option(help="Whose actor, where each seat has one of its own.")] = 0,
) -> None:
    """Write the actor of a policy as ONNX: observations (B, ...) to logits (B, 6) of the actions."""
    from brigade.agents.learned.onnx_export import export_onnx

    export_onnx(policy, out, seat)
    console.print(f"written: {out}", markup=False, highlight=False, soft_wrap=True)

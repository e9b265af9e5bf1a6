"""`brigade replay`: looks at a recording, or makes a video or a picture of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brigade.batch.terminal import Terminal
from brigade.envs.registry import BrigadeError
from brigade.human_play.window.sizes import size_of

if TYPE_CHECKING:  # pygame is imported when something is drawn
    from brigade.human_play.replay.replay import Replay

WINDOW = "1024x768"
out, errors = Terminal(), Terminal(stderr=True)


def replay(
    file: Annotated[Path, typer.Argument(help="A recording.")],
    video: Annotated[Path | None, typer.Option(help="Write a video, OUT.mp4 or OUT.gif, and open no window.")] = None,
    png: Annotated[Path | None, typer.Option(help="Write the picture of --tick, OUT.png, and open no window.")] = None,
    tick: Annotated[
        int | None, typer.Option(help="The tick of --png, or where the window opens; 0 is the start.")
    ] = None,
    speed: Annotated[float, typer.Option(help="2 is twice as fast as it was played.")] = 1.0,
    size: Annotated[str, typer.Option(help="As 1024x768; default 1024x768 for windows and 960x720 else.")] = "",
    fps: Annotated[float | None, typer.Option(help="Frames a second of a video; default 30, of a GIF 20.")] = None,
    thoughts: Annotated[bool, typer.Option(help="Show what thinking agents think.")] = False,
    fullscreen: Annotated[bool, typer.Option(help="Fill the screen.")] = False,
) -> None:
    """Look at a recording in a window: play, pause, step, scrub. Or export it, without a display."""
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # pygame greets on standard output otherwise
    from brigade.human_play.replay.replay import open_replay
    from brigade.human_play.replay.video import FASTEST, SIZE, SLOWEST, export, save_frame

    if video is not None and png is not None:
        raise BrigadeError("--video and --png: one of them at a time")
    if png is not None and tick is None:
        raise BrigadeError("--png needs --tick N as well: the picture of which tick?")
    if video is not None and tick is not None:
        raise BrigadeError("--tick goes with --png, or with the window; a video shows every tick")
    if fps is not None and video is None:
        raise BrigadeError("--fps is for --video")
    if not SLOWEST <= speed <= FASTEST:
        raise BrigadeError(f"--speed: expected {SLOWEST:g} to {FASTEST:g}, got {speed:g}")
    wanted = size_of(size, least=None) if size else None
    replayed = open_replay(file)
    for warning in replayed.warnings:
        errors.print(f"{file}: {warning}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    if video is not None:
        width, height = wanted or SIZE
        done = export(replayed, video, (width, height), fps, speed, thoughts, errors)
        _tell(f"{video}: {done.frames} frames of {width}x{height}, {done.frames / done.fps:.1f} s")
    elif png is not None and tick is not None:
        save_frame(replayed, tick, png, wanted or SIZE, thoughts)
        _tell(f"{png}: tick {tick}")
    else:
        _window(replayed, size or WINDOW, tick, speed, thoughts, fullscreen)


def _tell(text: str) -> None:
    out.print(text, markup=False, highlight=False, soft_wrap=True)


def _window(replayed: Replay, size: str, tick: int | None, speed: float, thoughts: bool, fullscreen: bool) -> None:
    from brigade.human_play.screens.replay import ReplayScreen
    from brigade.human_play.window.app import open_window

    pixels = size_of(size)
    replayed.state(tick or 0)  # says which ticks there are, before a window opens
    open_window(pixels, fullscreen, lambda app: ReplayScreen(app, replayed, tick, speed, thoughts))

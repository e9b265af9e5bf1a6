"""From a replay to pictures without a window: one frame, a PNG, an MP4, a GIF. The viewer draws the same frames."""

from __future__ import annotations

import io
import math
import os
import shutil
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pygame
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from brigade.batch.terminal import Terminal
from brigade.envs.kitchen.pictures.drawing import paste, sprite
from brigade.envs.kitchen.pictures.drawing_chefs import CHEFS, chef
from brigade.envs.kitchen.pictures.render import render, view_of
from brigade.envs.registry import BrigadeError, unknown
from brigade.human_play.game import hud
from brigade.human_play.game.gliding import GLIDE, SIDE, glided
from brigade.human_play.replay.replay import Replay
from brigade.human_play.window import theme

SIZE = (960, 720)
SMALLEST, LARGEST = (160, 120), (7680, 4320)
FPS = {".mp4": 30.0, ".gif": 20.0}  # frames a second that are usual
FASTEST_FPS = 60.0
SLOWEST, FASTEST = 0.01, 1000.0  # speeds; 1 is as it was played
STRIP = 34  # height of the names below the kitchen, in pixels of an 800 x 600 picture
PATIENCE_S = 2.0  # what takes longer shows how far it is
PALETTE_SIDE = 4  # a GIF's colours are taken from so many frames by so many
QUALITY = 7  # of 10, of an MP4
EXTRA = "videos need the package imageio[ffmpeg]; install it with: pip install 'brigade[study]'"
THOUGHTS = {"belief": ("What it believes of its partners", "believes"),
            "plan": ("What it has set out to do", "has set out to"),
            "reflection": ("What it has learned", "has learned"),
            "check": ("What became of its plan", "imagined its plan:"),
            "look": ("What it imagined", "imagined:")}  # fmt: skip
OTHER_THOUGHT = ("What it thinks", "thinks")


class Exported(NamedTuple):
    """What a video came to."""

    frames: int
    fps: float


def draw_frame(
    target: pygame.Surface,
    replayed: Replay,
    position: float,
    thoughts: bool = False,
    linger: float = 1.0,
    u: float | None = None,
) -> None:
    """Draw a film's picture over the whole of a surface. The same arguments give the same pixels.

    Args:
        target: of any size; no window is needed.
        replayed: what to draw.
        position: in ticks, 0 to `film.ticks`; between two ticks chefs are on their way.
        thoughts: whether to show what the thinkers think, beside the kitchen.
        linger: how many times as long as in a game bubbles and points are seen.
        u: the unit of `theme.unit`, by default that of the surface.
    """
    size = target.get_size()
    u = theme.unit(size) if u is None else u
    position = max(0.0, min(position, replayed.ticks))
    tick = math.ceil(position)
    part = min(1.0, (position - tick + 1) / GLIDE)
    side = round(size[0] * SIDE) if thoughts else 0
    strip = round(STRIP * u)
    area = (max(1, size[0] - side), max(1, size[1] - strip))
    described = glided(replayed.state(max(0, tick - 1)), replayed.state(tick), part)
    hats = [seat.hat for seat in replayed.seats]
    target.blit(render(replayed.setup.kitchen, described, area, hats, replayed.hz), (0, 0))
    _draw_marks(target, replayed, position, described, area, linger, u)
    _draw_names(target, pygame.Rect(0, area[1], size[0], strip), replayed, tick, u)
    if side:
        _draw_thoughts(target, pygame.Rect(area[0], 0, side, area[1]), replayed, tick, u)


def _draw_marks(
    target: pygame.Surface, replayed: Replay, position: float, described: dict[str, Any], area: tuple[int, int],
    linger: float, u: float,
) -> None:  # fmt: skip
    """What has just been said, earned and lost, as a game shows it."""
    view, tick = view_of(replayed.setup.kitchen, area), math.ceil(position)
    longest = math.ceil(hud.BUBBLE_S * linger * replayed.hz)
    aged = [
        (mark, (position - mark.at + 1) / replayed.hz / linger)
        for mark in replayed.marks_between(max(0, tick - longest), tick)
    ]
    hud.draw_points(target, replayed.setup, aged, described, view, u)
    hud.draw_words(target, (mark for mark, age_s in aged if age_s < hud.BUBBLE_S), described, view, u)


def _draw_names(target: pygame.Surface, area: pygame.Rect, replayed: Replay, tick: int, u: float) -> None:
    """Below the kitchen: who is who, and the tick."""
    target.fill(theme.BACK, area)
    told, colour = f"tick {tick}", theme.SOFT
    if replayed.differs_at is not None and tick >= replayed.differs_at:
        told, colour = f"tick {tick}: not as recorded", theme.WARN
    right = theme.write(target, told, (area.right - 10 * u, area.centery), theme.SMALL * u, colour, "midright").x
    names = sum(theme.words(seat.label, theme.BODY * u).get_width() for seat in replayed.seats)
    room = max(1.0, right - area.x - (18 + 46 * len(replayed.seats)) * u)
    height, left = theme.BODY * u * min(1.0, room / max(1, names)), area.x + 8 * u
    for seat in replayed.seats:
        paste(target, sprite(chef, (seat.hat, "down", False), round(26 * u), 1.2), left + 14 * u, area.centery + u)
        name = theme.readable(CHEFS[seat.hat % len(CHEFS)].colour)
        left = theme.write(target, seat.label, (left + 32 * u, area.centery), height, name, "midleft").right + 14 * u


def _draw_thoughts(target: pygame.Surface, area: pygame.Rect, replayed: Replay, tick: int, u: float) -> None:
    """Beside the kitchen: what the thinkers think; smaller, then shortened, until all of it fits."""
    target.fill(theme.BACK, area)
    inner = area.inflate(-round(20 * u), -round(20 * u))
    top = theme.write(target, "Thoughts", inner.topleft, theme.LARGE * u * 0.9).bottom + round(8 * u)
    known = replayed.thoughts_at(tick)
    if not known:
        theme.write(target, "none so far", (inner.x, top), theme.BODY * u, theme.SOFT)
        return
    several = len({seat for seat, _ in known}) > 1
    room = inner.bottom - top
    for scale, dated in ((1.08, True), (1.08, False), (1.0, False), (0.92, False)):
        height = theme.SMALL * u * scale
        blocks = [_block(replayed, key, thought, several, dated, height, inner.w) for key, thought in known.items()]
        if sum(map(len, blocks)) * height * 1.4 + len(blocks) * 10 * u <= room:
            break
    else:
        blocks = _shortened(blocks, int((room - len(blocks) * 10 * u) / (height * 1.4)), height, inner.w)
    y = float(top)
    for block in blocks:
        for line, colour in block:
            if y + height <= inner.bottom:
                theme.write(target, line, (inner.x, y), height, colour)
            y += height * 1.4
        y += 10 * u


Block = list[tuple[str, str]]  # lines with their colours


def _block(
    replayed: Replay,
    key: tuple[int, str],
    thought: Mapping[str, Any],
    several: bool,
    dated: bool,
    height: float,
    width: int,
) -> Block:
    """A thought with its title, and with its ticks if it is to be `dated`."""
    seat, kind = key
    title, verb = THOUGHTS.get(kind, OTHER_THOUGHT)
    colour = theme.ACCENT
    if several:
        label = replayed.seats[seat].label
        title = f"{label} {verb}"
        while len(label) > 1 and theme.words(title, height).get_width() > width:
            label = label[:-1]
            title = f"{label}... {verb}"
        colour = theme.readable(CHEFS[replayed.seats[seat].hat % len(CHEFS)].colour)
    since = f"asked at tick {thought.get('asked', '?')}, known at {thought.get('effect', '?')}" if dated else ""
    parts = ((title, colour), (hud.in_words(thought), theme.WORDS), (since, theme.SOFT))
    return [(line, shade) for part, shade in parts if part for line in theme.wrapped(part, height, width)]


def _shortened(blocks: list[Block], lines: int, height: float, width: int) -> list[Block]:
    """Cut the longest ones until there are no more than so many lines, at least two of each."""
    keep = [len(block) for block in blocks]
    while sum(keep) > lines and max(keep) > 2:
        keep[keep.index(max(keep))] -= 1
    return [_cut(block, kept, height, width) for block, kept in zip(blocks, keep, strict=True)]


def _cut(block: Block, kept: int, height: float, width: int) -> Block:
    if kept == len(block):
        return block
    line, colour = block[kept - 1]
    while line and theme.words(f"{line} ...", height).get_width() > width:
        line = line[:-1]
    return [*block[: kept - 1], (f"{line} ...", colour)]


def frame(replayed: Replay, position: float, size: tuple[int, int] = SIZE, thoughts: bool = False) -> pygame.Surface:
    """One frame as a surface of its own.

    Raises:
        BrigadeError: the size is none for a picture.
    """
    _check_size(size)
    surface = pygame.Surface(size, 0, 32)
    draw_frame(surface, replayed, position, thoughts)
    return surface


def save_frame(
    replayed: Replay, tick: int, path: str | Path, size: tuple[int, int] = SIZE, thoughts: bool = False
) -> None:  # fmt: skip
    """Write the kitchen at a tick as a PNG.

    Raises:
        BrigadeError: there is no such tick, the name does not end in .png, or the file cannot be written.
    """
    path = Path(path)
    replayed.state(tick)  # says which ticks there are
    if path.suffix.lower() != ".png":
        raise BrigadeError(f"cannot save a picture as '{path}'; the name must end in .png")
    save_picture(frame(replayed, tick, size, thoughts), path)


def save_picture(surface: pygame.Surface, path: Path) -> None:
    """Write a surface as a PNG, whole or not at all.

    Raises:
        BrigadeError: the file cannot be written.
    """
    data = io.BytesIO()
    pygame.image.save(surface, data, ".png")
    with _whole(path) as unfinished:
        unfinished.write_bytes(data.getvalue())


def export(
    replayed: Replay,
    path: str | Path,
    size: tuple[int, int] = SIZE,
    fps: float | None = None,
    speed: float = 1.0,
    thoughts: bool = False,
    console: Console | None = None,
) -> Exported:
    """Write a replay as an MP4 or a GIF, as the name ends. What is stopped on the way leaves no file.

    Args:
        replayed: what to write.
        path: of the file; one that exists is written over.
        size: in pixels; of an MP4 both must be even.
        fps: frames a second, up to 60; by default 30 in an MP4 and 20 in a GIF. A GIF counts hundredths of a second
            per frame and gets the nearest that it can have.
        speed: 2 is twice as fast as it was played.
        thoughts: whether to show what the thinkers think.
        console: where to show how far it is.

    Returns:
        How many frames, and how many of them a second.

    Raises:
        BrigadeError: another ending, a size, rate or speed that cannot be, imageio is missing, or the file cannot be
            written.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in FPS:
        raise unknown("kind of video", ending or path.name, list(FPS), str(path))
    _check_size(size, even=ending == ".mp4")
    rate = FPS[ending] if fps is None else fps
    if not 0 < rate <= FASTEST_FPS:
        raise BrigadeError(f"expected up to {FASTEST_FPS:g} frames a second, got {rate:g}")
    if not SLOWEST <= speed <= FASTEST:
        raise BrigadeError(f"expected a speed from {SLOWEST:g} to {FASTEST:g}, got {speed:g}")
    if ending == ".gif":
        rate = 100 / max(2, round(100 / rate))
    a_frame = replayed.hz * speed / rate  # in ticks
    count = math.ceil(replayed.ticks / a_frame - 1e-9) + 1
    linger = lingering(speed)
    with _whole(path) as unfinished:
        with closing(_encoder(unfinished, size, rate)) as encoder:
            encoder.send(None)
            if ending == ".gif":
                encoder.send(pygame.image.tobytes(_palette(replayed, size, thoughts), "RGB"))
            surface = pygame.Surface(size, 0, 32)
            for i in _told(count, console):
                draw_frame(surface, replayed, i * a_frame, thoughts, linger)
                encoder.send(pygame.image.tobytes(surface, "RGB"))
        _check_whole(unfinished, count / rate)
    return Exported(count, rate)


def lingering(speed: float) -> float:
    """How many times as long bubbles and points are seen, in game time, at a speed: or nobody could read them."""
    return max(1.0, min(speed, 4.0))


def _check_size(size: tuple[int, int], even: bool = False) -> None:
    if not all(low <= side <= high for low, side, high in zip(SMALLEST, size, LARGEST, strict=True)):
        least, most = ("x".join(map(str, each)) for each in (SMALLEST, LARGEST))
        raise BrigadeError(f"a picture of {size[0]}x{size[1]} cannot be drawn; expected {least} to {most} pixels")

    if even and (size[0] % 2 or size[1] % 2):
        nearest = f"{size[0] // 2 * 2}x{size[1] // 2 * 2}"
        raise BrigadeError(f"an MP4's width and height must be even, got {size[0]}x{size[1]}; try {nearest}")


def _encoder(path: Path, size: tuple[int, int], fps: float) -> Any:
    """A generator that takes frames and writes them."""
    try:
        import imageio_ffmpeg  # type: ignore[import-untyped, unused-ignore]
    except ImportError:
        raise BrigadeError(EXTRA) from None
    common = {"fps": fps, "macro_block_size": 1, "ffmpeg_log_level": "quiet"}
    if path.suffix == ".mp4":
        return imageio_ffmpeg.write_frames(
            str(path), size, codec="libx264", quality=QUALITY, output_params=["-movflags", "+faststart"], **common
        )
    # The first frame that is sent is there for its colours alone. One palette for the whole replay keeps what does not
    # change from flickering, and the file small.
    graph = (
        "split[a][b];[a]trim=end_frame=1,palettegen=reserve_transparent=1[p];"
        "[b]trim=start_frame=1,setpts=PTS-STARTPTS[c];[c][p]paletteuse=dither=none"
    )
    return imageio_ffmpeg.write_frames(
        str(path), size, codec="gif", pix_fmt_out="pal8", quality=None, output_params=["-filter_complex", graph],
        **common,
    )  # fmt: skip


def _palette(replayed: Replay, size: tuple[int, int], thoughts: bool) -> pygame.Surface:
    """Small frames from the whole replay in one."""
    picture = pygame.Surface(size, 0, 32)
    small = (size[0] // PALETTE_SIDE, size[1] // PALETTE_SIDE)
    last = PALETTE_SIDE**2 - 1
    for i in range(last + 1):
        each = pygame.transform.scale(frame(replayed, replayed.ticks * i // last, size, thoughts), small)
        picture.blit(each, (i % PALETTE_SIDE * small[0], i // PALETTE_SIDE * small[1]))
    return picture


def _told(count: int, console: Console | None) -> Iterator[int]:
    """The numbers from 0; when they take long, a bar shows how far they are."""
    columns = (TextColumn("drawing"), BarColumn(), MofNCompleteColumn(), TextColumn("frames"), TimeRemainingColumn())
    bar = Progress(*columns, console=console or Terminal(stderr=True), transient=True)
    task, begun = None, time.monotonic()
    with ExitStack() as stack:
        for i in range(count):
            yield i
            if task is None and time.monotonic() - begun > PATIENCE_S:
                stack.enter_context(bar)
                task = bar.add_task("drawing", total=count)
            if task is not None:
                bar.update(task, completed=i + 1)


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A file beside `path` that takes its name once it is written, and is gone if that does not come about."""
    unfinished = path.absolute().with_name(f".brigade-{os.getpid()}{path.suffix.lower()}")
    try:
        if path.is_dir():
            raise BrigadeError(f"{path}: is a folder")
        unfinished.touch()
        yield unfinished
        os.replace(unfinished, path)
    except OSError as error:
        raise BrigadeError(f"{path}: cannot be written: {_why(error, path)}") from None
    finally:
        unfinished.unlink(missing_ok=True)


def _why(error: OSError, path: Path) -> str:
    """An error's words; the encoder, when it stops, has none of its own."""
    if error.strerror is not None:
        return error.strerror
    free = shutil.disk_usage(path.absolute().parent).free // 1_000_000
    return f"the encoder stopped; {free} MB are free there"


def _check_whole(written: Path, seconds: float) -> None:
    """The encoder says nothing when its last bytes find no room; see whether they are there.

    Raises:
        OSError: they are not.
    """
    data = written.read_bytes()
    whole = data.endswith(b";") if written.suffix == ".gif" else abs(_mp4_seconds(data) - seconds) < 0.5
    if not whole:
        raise OSError("the end is missing")


def _mp4_seconds(data: bytes) -> float:
    """The length that an MP4's header states, 0 where there is none; ISO/IEC 14496-12, section 8.2.2."""
    at = data.find(b"mvhd")
    if at < 0 or len(data) < at + 24:
        return 0.0
    scale, duration = struct.unpack(">II", data[at + 16 : at + 24])
    return float(duration / scale) if scale else 0.0

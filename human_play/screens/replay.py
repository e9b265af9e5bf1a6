"""The viewer of recordings: plays, steps, scrubs, and shows what happened when."""

from __future__ import annotations

import math
import time
from pathlib import Path

import pygame

from brigade.envs.kitchen.pictures.drawing import Pen, paste, sprite
from brigade.envs.kitchen.pictures.drawing_chefs import CHEFS
from brigade.envs.registry import BrigadeError
from brigade.human_play.game import hud
from brigade.human_play.game.human_game import Happening
from brigade.human_play.replay.replay import Replay
from brigade.human_play.replay.video import STRIP, draw_frame, lingering, save_picture
from brigade.human_play.screens.overlays import Card, Covered, KeyTable
from brigade.human_play.window import theme
from brigade.human_play.window.app import App
from brigade.human_play.window.widgets import Button, Widget, Words
from brigade.simulation.recording import ENDING

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
JUMP = 10  # ticks
LONGEST_FRAME_S = 0.25  # after a longer one the replay goes on where it was, rather than skip what nobody saw
REPEAT_AFTER_S, REPEAT_S = 0.4, 0.06  # when a key held steps again, and how often
NOTE_S = 4.0
# Rows of the timeline with their heights, and what is below it, in pixels of an 800 x 600 window.
LANES = {"score": 26, "orders": 14, "fires": 14, "messages": 14, "thoughts": 14}
LANE_OF = {"served": "orders", "missed": "orders", "wrong": "orders", "fire": "fires", "said": "messages",
           "thought": "thoughts"}  # fmt: skip
MARKS = {"served": theme.GOOD, "missed": theme.BAD, "wrong": theme.WARN, "fire": theme.WARN}
NOT_AS_RECORDED = "#57402f"  # behind the part of a timeline that the engine plays otherwise today
LABELS, MARGIN = 84, 16  # left and right of the timeline
SCRUB, ROW, WARNING, GAP = 20, 34, 18, 6
STEPS = {pygame.K_LEFT: -1, pygame.K_COMMA: -1, pygame.K_RIGHT: 1, pygame.K_PERIOD: 1}
FASTER = {pygame.K_UP: 1, pygame.K_PLUS: 1, pygame.K_EQUALS: 1, pygame.K_KP_PLUS: 1,
          pygame.K_DOWN: -1, pygame.K_MINUS: -1, pygame.K_KP_MINUS: -1}  # fmt: skip
KEYS = [
    ("play, pause", "space, or click the kitchen"), ("one tick back, on", "left, right, or , and ."),
    ("ten ticks back, on", "the same with shift"), ("start, end", "Home, End"), ("anywhere", "drag in the timeline"),
    ("faster, slower", "up, down, or + and -"), ("thoughts", "t"), ("save this picture", "s"),
    ("fullscreen", "f11"), ("these keys", "f1"), ("leave", "escape"),
]  # fmt: skip
SIGNS = "Orders: green triangle served, red cross missed, orange square ordered by nobody."


class ReplayScreen(Covered):
    """Shows a replay.

    Args:
        app: the window.
        replayed: what to show.
        tick: where to begin; None to begin at the start, and play.
        speed: 1 is as it was played; the nearest of `SPEEDS` is taken.
        thoughts: whether to show them at first.

    Attributes:
        position: in ticks; between two of them chefs are on their way.
        playing: whether it goes on by itself.
        speed: now.
        thoughts: whether they are shown.

    Raises:
        BrigadeError: there is no such tick.
    """

    def __init__(self, app: App, replayed: Replay, tick: int | None = None, speed: float = 1.0, thoughts: bool = False):
        self.app, self.replayed, self.thoughts = app, replayed, thoughts
        replayed.state(tick or 0)  # says which ticks there are
        self.position = float(tick or 0)
        self.playing = tick is None and replayed.ticks > 0
        self.speed = min(SPEEDS, key=lambda known: abs(math.log(known / speed)))
        self.timeline = Timeline(replayed)
        self.dragging = False
        self._held: tuple[int, int, float] | None = None  # key, ticks, when it steps again
        self._drawn_at: float | None = None
        self._picture = pygame.Rect(0, 0, 1, 1)
        self._button = pygame.Rect(0, 0, 1, 1)

    @property
    def tick(self) -> int:
        """The tick that is shown, or that chefs are on their way to."""
        return math.ceil(self.position)

    def work(self, event: pygame.Event) -> None:
        """Play, step, scrub, save, or leave."""
        if event.type == pygame.KEYDOWN:
            self._key(event)
        elif event.type == pygame.KEYUP:
            if self._held is not None and self._held[0] == event.key:
                self._held = None
        elif event.type == pygame.WINDOWFOCUSLOST:
            self._held, self.dragging = None, False
        elif event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
            self._click(event.pos)
        elif event.type == pygame.MOUSEMOTION and self.dragging:
            self.go_to(self.timeline.tick_at(event.pos[0]))
        elif event.type == pygame.MOUSEBUTTONUP and event.button == 1:
            self.dragging = False
        elif event.type == pygame.MOUSEWHEEL:
            self.step(-event.y)

    def draw(self, target: pygame.Surface) -> None:
        """Draw the kitchen, and the timeline below it."""
        self._go_on()
        size = target.get_size()
        u = theme.unit(size)
        low = round((sum(LANES.values()) + SCRUB + ROW + GAP + self._told_high) * u)
        self._picture = pygame.Rect(0, 0, size[0], size[1] - low)
        draw_frame(
            target.subsurface(self._picture), self.replayed, self.position, self.thoughts, lingering(self.speed), u
        )
        area = pygame.Rect(0, self._picture.bottom, size[0], low)
        target.fill(theme.BACK, area)
        y = float(area.y)
        for warning in self.replayed.warnings:
            at, height, most = (10 * u, y + WARNING * u / 2), theme.SMALL * u * 1.05, size[0] - 20 * u
            theme.write(target, warning, at, height, theme.WARN, "midleft", most)
            y += WARNING * u
        y = area.y + (GAP + self._told_high) * u
        high = round((sum(LANES.values()) + SCRUB) * u)
        self.timeline.draw(target, pygame.Rect(0, round(y), size[0], high), self.position, u)
        self._draw_row(target, pygame.Rect(0, area.bottom - round(ROW * u), size[0], round(ROW * u)), u)
        if self.note:
            kitchen = pygame.Rect((0, 0), (size[0], self._picture.h - round(STRIP * u)))
            hud.draw_note(target, kitchen, self.note, u)
        if self.overlay is not None:
            self.overlay.draw(target, u)

    @property
    def _told_high(self) -> int:
        """Height of the film's warnings, in pixels of an 800 x 600 window."""
        return WARNING * len(self.replayed.warnings)

    def go_to(self, tick: int) -> None:
        """Show a tick, or the nearest there is."""
        self.position = float(max(0, min(tick, self.replayed.ticks)))

    def step(self, ticks: int) -> None:
        """Stop, and go some whole ticks on or back."""
        self.playing = False
        self.go_to((math.floor(self.position) if ticks > 0 else math.ceil(self.position)) + ticks)

    def toggle(self) -> None:
        """Play or pause; from the end it plays again."""
        self.playing = not self.playing and self.replayed.ticks > 0
        if self.playing and self.position >= self.replayed.ticks:
            self.position = 0.0

    def save(self) -> None:
        """Keep the picture as it is now beside the recording, as large as it is in the window."""
        picture = pygame.Surface(self._picture.size, 0, 32)
        draw_frame(picture, self.replayed, self.position, self.thoughts, lingering(self.speed),
                   theme.unit(self.app.surface.get_size()))  # fmt: skip
        path = picture_path(self.replayed, self.tick)
        try:
            save_picture(picture, path)
            self.tell(f"Saved beside the recording: {path.name}", NOTE_S)
        except BrigadeError as error:
            self.tell(f"Not saved: {error}", NOTE_S)

    def _go_on(self) -> None:
        now = time.perf_counter()
        passed = min(LONGEST_FRAME_S, now - self._drawn_at) if self._drawn_at is not None else 0.0
        self._drawn_at = now
        if self._held is not None and now >= self._held[2]:
            self.step(self._held[1])
            self._held = (*self._held[:2], now + REPEAT_S)
        if self.playing and not self.dragging and self.overlay is None:
            self.position = min(self.position + passed * self.replayed.hz * self.speed, float(self.replayed.ticks))
            self.playing = self.position < self.replayed.ticks

    def _key(self, event: pygame.Event) -> None:
        key = event.key
        if key in STEPS:
            by = STEPS[key] * (JUMP if event.mod & pygame.KMOD_SHIFT else 1)
            self.step(by)
            self._held = (key, by, time.perf_counter() + REPEAT_AFTER_S)
        elif key in FASTER:
            at = SPEEDS.index(self.speed) + FASTER[key]
            self.speed = SPEEDS[max(0, min(at, len(SPEEDS) - 1))]
        elif key == pygame.K_SPACE:
            self.toggle()
        elif key in (pygame.K_HOME, pygame.K_END):
            self.playing = False
            self.go_to(0 if key == pygame.K_HOME else self.replayed.ticks)
        elif key == pygame.K_t:
            self.thoughts = not self.thoughts
        elif key == pygame.K_s:
            self.save()
        elif key == pygame.K_F1:
            self._help()
        elif key == pygame.K_ESCAPE:
            self.app.back()

    def _click(self, at: tuple[int, int]) -> None:
        if self.timeline.area.collidepoint(at):
            self.dragging = True
            self.go_to(self.timeline.tick_at(at[0]))
        elif self._button.collidepoint(at) or self._picture.collidepoint(at):
            self.toggle()

    def _help(self) -> None:
        widgets: list[Widget] = [
            Words("Keys", theme.LARGE, centred=True), KeyTable(KEYS), Words(SIGNS, theme.SMALL + 1, theme.SOFT),
            Button("Close", self.uncover, main=True),
        ]  # fmt: skip
        self._held = None
        self.overlay = Card(widgets, self.uncover, 520)

    def _draw_row(self, target: pygame.Surface, area: pygame.Rect, u: float) -> None:
        """The play button, where we are, how fast, and the most important keys."""
        self._button = pygame.Rect(0, 0, round(38 * u), round(24 * u)).move_to(midleft=(round(10 * u), area.centery))
        theme.panel(target, self._button, theme.EDGE, 6 * u)
        x, y = self._button.center
        if self.playing:
            for side in (-1, 1):
                pygame.draw.rect(target, theme.WORDS, (round(x + (side * 4.5 - 2) * u), round(y - 6 * u),
                                                       round(4 * u), round(12 * u)))  # fmt: skip
        else:
            points = [(x - 5 * u, y - 7 * u), (x + 7 * u, y), (x - 5 * u, y + 7 * u)]
            pygame.draw.polygon(target, theme.WORDS, points)
        left = float(self._button.right + 12 * u)
        replayed, tick = self.replayed, self.tick
        for told, colour in (
            (f"{self.speed:g}x", theme.ACCENT),
            (f"{_time(tick, replayed.hz)} / {_time(replayed.ticks, replayed.hz)}", theme.WORDS),
            (f"tick {tick} of {replayed.ticks}", theme.SOFT),
        ):  # fmt: skip
            left = theme.write(target, told, (left, y), theme.BODY * u, colour, "midleft").right + 16 * u
        told = "space play   arrows step   T thoughts   S picture   F1 keys"
        theme.write(target, told, (area.right - 10 * u, y), theme.SMALL * u, theme.SOFT, "midright")


class Timeline:
    """A replay from its first tick to its last: the score, what happened, and where we are.

    Attributes:
        area: where a click goes to a tick, in pixels; set when it is drawn.
    """

    def __init__(self, replayed: Replay):
        self.replayed = replayed
        self.area = pygame.Rect(0, 0, 1, 1)
        self._drawn: tuple[tuple[int, int], pygame.Surface] | None = None

    def tick_at(self, x: float) -> int:
        """The tick at a place, which may lie beyond the ends."""
        part = (x - self.area.x) / max(1, self.area.w)
        return round(max(0.0, min(1.0, part)) * self.replayed.ticks)

    def x_of(self, position: float) -> float:
        """Where a tick is, in pixels."""
        return self.area.x + self.area.w * position / max(1, self.replayed.ticks)

    def draw(self, target: pygame.Surface, room: pygame.Rect, position: float, u: float) -> None:
        """Draw it into a rectangle."""
        self.area = pygame.Rect(round(LABELS * u), room.y, room.w - round((LABELS + MARGIN) * u), room.h)
        if self._drawn is None or self._drawn[0] != room.size:
            self._drawn = (room.size, self._still(room, u))
        target.blit(self._drawn[1], room.topleft)
        tick = math.ceil(position)
        middle = room.y + LANES["score"] * u / 2
        told = f"score {self.replayed.scores[tick]}"
        theme.write(target, told, (self.area.x - 8 * u, middle), theme.SMALL * u, theme.ACCENT, "midright")
        x, y = self.x_of(position), self.area.bottom - SCRUB * u / 2
        done = pygame.Rect(self.area.x, round(y - 3 * u), max(1, round(x - self.area.x)), round(6 * u))
        theme.panel(target, done, theme.ACCENT, 3 * u)
        line = pygame.Rect(0, 0, max(2, round(1.5 * u)), round(y - room.y)).move_to(midtop=(round(x), room.y))
        target.fill(theme.WORDS, line)
        knob = pygame.Rect(0, 0, round(14 * u), round(14 * u)).move_to(center=(round(x), round(y)))
        theme.panel(target, knob, theme.WORDS, 7 * u)

    def _still(self, room: pygame.Rect, u: float) -> pygame.Surface:
        """What stays as it is."""
        surface = pygame.Surface(room.size, 0, 32)
        surface.fill(theme.BACK)
        top, left = 0.0, self.area.x
        for name, high in LANES.items():
            lane = pygame.Rect(left, round(top), self.area.w, round((high - 2) * u))
            surface.fill(theme.PANEL, lane)
            if self.replayed.differs_at is not None:
                x = round(self.x_of(self.replayed.differs_at))
                surface.fill(NOT_AS_RECORDED, (x, lane.y, max(2, lane.right - x), lane.h))
            if name == "score":
                self._draw_score(surface, lane, u)
            else:
                theme.write(surface, name, (left - 8 * u, lane.centery), theme.SMALL * u, theme.SOFT, "midright")
            for mark in self.replayed.marks:
                if LANE_OF[mark.kind] == name:
                    self._draw_mark(surface, mark, lane, u)
            top += high * u
        middle = (left, round(room.h - SCRUB * u / 2))
        track = pygame.Rect(0, 0, self.area.w, round(6 * u)).move_to(midleft=middle)
        theme.panel(surface, track, theme.FIELD, 3 * u)
        return surface

    def _draw_score(self, surface: pygame.Surface, lane: pygame.Rect, u: float) -> None:
        scores = self.replayed.scores
        low, high = min(0, *scores, 0), max(1, *scores, 1)
        room, foot = lane.h - 4 * u, lane.bottom - 2 * u
        points: list[tuple[float, float]] = []
        for tick, score in enumerate(scores):
            y = foot - room * (score - low) / (high - low)
            if not points or points[-1][1] != y or tick == len(scores) - 1:
                points += [(self.x_of(tick), points[-1][1] if points else y), (self.x_of(tick), y)]
        zero = foot - room * -low / (high - low)
        surface.fill(theme.EDGE, (lane.x, round(zero), lane.w, 1))
        pygame.draw.lines(surface, theme.ACCENT, False, points, max(1, round(1.5 * u)))

    def _draw_mark(self, surface: pygame.Surface, mark: Happening, lane: pygame.Rect, u: float) -> None:
        """Shapes tell them apart, not colours alone."""
        x, y, colour = self.x_of(mark.at), float(lane.centery), MARKS.get(mark.kind, theme.WORDS)
        if mark.seat is not None:
            seats = self.replayed.seats
            colour = theme.readable(CHEFS[seats[mark.seat].hat % len(CHEFS)].colour)
            y += (mark.seat - (len(seats) - 1) / 2) * 2 * u  # what two chefs say in one tick is seen to be two things
        paste(surface, sprite(_paint, (mark.kind, colour), round(12 * u), 1.2, False), x, y)


def _paint(pen: Pen, kind: str, colour: str) -> None:
    """What stands for something that happened."""
    if kind == "served":
        pen.polygon([(-0.42, 0.38), (0, -0.42), (0.42, 0.38)], colour)
    elif kind == "missed":
        for turn in (-1, 1):
            pen.line([(-0.33, -0.33 * turn), (0.33, 0.33 * turn)], 0.2, colour)
    elif kind == "wrong":
        pen.box(-0.35, -0.35, 0.7, 0.7, colour)
    elif kind == "fire":
        pen.polygon([(0.05, -0.6), (0.36, 0.1), (0.24, 0.5), (-0.24, 0.5), (-0.36, 0.1), (-0.16, -0.12)], colour)
    elif kind == "said":
        pen.circle(0, 0, 0.34, colour)
    else:
        pen.polygon([(0, -0.42), (0.36, 0), (0, 0.42), (-0.36, 0)], colour)


def picture_path(replayed: Replay, tick: int) -> Path:
    """Where the picture of a tick is kept."""
    path = replayed.recording.path
    return path.with_name(f"{path.name.removesuffix(ENDING)}-tick{tick:04d}.png")


def _time(tick: int, hz: float) -> str:
    seconds = int(tick / hz)
    return f"{seconds // 60}:{seconds % 60:02d}"

"""From keys, buttons and sticks to what a person means by them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, get_args

import pygame
import yaml
from platformdirs import user_config_path

from brigade.envs.content import Model, read, validate
from brigade.envs.disk import write, writing
from brigade.envs.kitchen.content.layout import DOWN, INTERACT, LEFT, RIGHT, STAY, UP
from brigade.envs.registry import BrigadeError, unknown

MOVES = {"left": LEFT, "right": RIGHT, "down": DOWN, "up": UP, "interact": INTERACT}
Command = Literal["pause", "restart", "thoughts", "help", "fullscreen", "leave"]
COMMANDS: tuple[Command, ...] = get_args(Command)
TILT = 0.5  # how far a stick is pushed before it counts
PAD_INTERACT, PAD_PAUSE, PAD_LEAVE = (0, 2), (7, 9), (1, 6, 8)  # buttons of the common pads


class Bindings(Model):
    """Which keys do what, as pygame names them ("left", "w", "space", "right ctrl").

    `second` is the keyboard's other half: with one person at it, both halves steer the same chef.
    """

    first: dict[str, list[str]] = {
        "left": ["left"], "right": ["right"], "down": ["down"], "up": ["up"],
        "interact": ["return", "right ctrl", "space"],
    }  # fmt: skip
    second: dict[str, list[str]] = {
        "left": ["a"], "right": ["d"], "down": ["s"], "up": ["w"], "interact": ["e", "left ctrl"],
    }  # fmt: skip
    pause: list[str] = ["p"]
    restart: list[str] = ["r"]
    thoughts: list[str] = ["t"]
    help: list[str] = ["f1"]
    fullscreen: list[str] = ["f11"]
    leave: list[str] = ["escape"]


def bindings_file() -> Path:
    """Where a person's own keys are kept.

    Raises:
        BrigadeError: nobody knows of a home for them.
    """
    try:
        return user_config_path("brigade") / "keys.yaml"
    except RuntimeError as error:
        raise BrigadeError(f"keys cannot be kept: {error}") from None


def load_bindings(path: Path | None = None) -> Bindings:
    """The keys of a file, or the usual ones where there is none.

    Raises:
        BrigadeError: a key or an action that does not exist, with the line; or a key that does two things.
    """
    if path is None:
        try:
            path = bindings_file()
        except BrigadeError:  # who has no home has no keys of their own
            return Bindings()
    if not path.exists():
        return Bindings()
    document = read(path)
    bindings = validate(document, Bindings)
    for half in ("first", "second"):
        for action in getattr(bindings, half):
            if action not in MOVES:
                raise document.error(str(unknown("action", action, list(MOVES))), half, action)
    taken: dict[int, str] = {}
    for action, names in actions_of(bindings).items():
        for name in names:
            try:
                code = pygame.key.key_code(name)
            except ValueError:
                raise document.error(f"there is no key '{name}'", *action.split(".")) from None
            if code in taken:
                raise document.error(f"key '{name}' is {taken[code]} already", *action.split("."))
            taken[code] = action
    return bindings


def save_bindings(bindings: Bindings) -> None:
    """Keep a person's own keys.

    Raises:
        BrigadeError: the file cannot be written.
    """
    path = bindings_file()
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    write(path, yaml.safe_dump(bindings.model_dump(), sort_keys=False).encode())


def actions_of(bindings: Bindings) -> dict[str, list[str]]:
    """Every action with its keys: `first.left`, ..., `second.interact`, `pause`, ..."""
    halves = {"first": bindings.first, "second": bindings.second}.items()
    moves = {f"{half}.{move}": keys.setdefault(move, []) for half, keys in halves for move in MOVES}
    return moves | {command: getattr(bindings, command) for command in COMMANDS}


LETS_GO = (pygame.KEYUP, pygame.JOYBUTTONUP, pygame.JOYDEVICEREMOVED, pygame.WINDOWFOCUSLOST)  # whatever covers a game


class Pads:
    """Which gamepad is the first, the second, ...: as they come, whatever numbers the system gives to them.

    One that is pulled out leaves its place to the next one that comes.
    """

    def __init__(self, pads: Sequence[int] = ()):
        self._places: list[int | None] = list(pads)

    def knows(self, pad: int) -> bool:
        """Whether it has a place."""
        return pad in self._places

    def place_of(self, pad: int) -> int:
        """Its place, from 0; a new one is given one."""
        if pad not in self._places:
            if None in self._places:
                self._places[self._places.index(None)] = pad
            else:
                self._places.append(pad)
        return self._places.index(pad)

    def remove(self, pad: int) -> None:
        """It was pulled out."""
        if pad in self._places:
            self._places[self._places.index(pad)] = None


class Stick:
    """What one person wants their chef to do.

    The last press before a tick counts, so a key pressed and let go between two ticks is never lost; what is held
    repeats.

    Args:
        look: reads the keys that were pressed since the last frame; called before every tick.
    """

    def __init__(self, look: Callable[[], None] | None = None) -> None:
        self._look = look
        self._held: list[tuple[int, object]] = []  # actions, and what holds them, the newest last
        self._pressed: int | None = None  # the last press since the last tick

    def press(self, action: int, by: object = None) -> None:
        """A key goes down; `by` tells apart what may hold the same action."""
        self.release(action, by)
        self._held.append((action, by))
        self._pressed = action

    def release(self, action: int, by: object = None) -> None:
        """A key goes up."""
        if (action, by) in self._held:
            self._held.remove((action, by))

    def take(self) -> int:
        """The action for this tick."""
        if self._look is not None:
            self._look()
        action = self._pressed if self._pressed is not None else self._held[-1][0] if self._held else STAY
        self._pressed = None
        return action

    def clear(self) -> None:
        """Let go of everything, as when the window loses the keyboard."""
        self._held, self._pressed = [], None


class Controls:
    """Reads the events of a game: keys and pads for one or two people.

    Args:
        bindings: which keys do what.
        players: how many people play at this machine, 1 or 2.
        look: reads the keys that were pressed since the last frame.
        pads: whose place among the gamepads is known already.

    Attributes:
        sticks: one for each player.
    """

    def __init__(
        self,
        bindings: Bindings,
        players: int = 1,
        look: Callable[[], None] | None = None,
        pads: Pads | None = None,
    ):
        self.players, self.sticks = players, [Stick(look) for _ in range(players)]
        code = pygame.key.key_code
        self._moves = {  # key: player and action
            code(name): (player, MOVES[move])
            for half, player in ((bindings.first, 0), (bindings.second, players - 1))
            for move, names in half.items()
            for name in names
        }
        self._commands = {code(name): command for command in COMMANDS for name in getattr(bindings, command)}
        self._tilted: dict[tuple[int, int], int | None] = {}  # pad and axis: the action it is tilted to
        self._pads = pads if pads is not None else Pads()
        self._buttons: set[int] = set()  # pads whose button is down

    def read(self, event: pygame.Event) -> Command | int | None:
        """Move the sticks by an event, or say what else it means: a command, or a preset message, numbered from 0."""
        if event.type == pygame.KEYDOWN:
            return self._key_down(event)
        if event.type == pygame.KEYUP and event.key in self._moves:
            player, action = self._moves[event.key]
            self.sticks[player].release(action)
        elif event.type == pygame.WINDOWFOCUSLOST:
            self.let_go()
        elif event.type in (pygame.JOYBUTTONDOWN, pygame.JOYBUTTONUP):
            return self._button(event)
        elif event.type == pygame.JOYHATMOTION:
            self._tilt(event, 100, event.value[0])
            self._tilt(event, 101, -event.value[1])
        elif event.type == pygame.JOYAXISMOTION and event.axis in (0, 1):
            self._tilt(event, event.axis, event.value)
        elif event.type == pygame.JOYDEVICEREMOVED:
            self._pulled_out(event.instance_id)
        return None

    def _key_down(self, event: pygame.Event) -> Command | int | None:
        if event.key in self._moves:
            player, action = self._moves[event.key]
            self.sticks[player].press(action)
            return None
        if pygame.K_1 <= event.key <= pygame.K_9:
            return int(event.key - pygame.K_1)
        return self._commands.get(event.key)

    def _button(self, event: pygame.Event) -> Command | None:
        down = event.type == pygame.JOYBUTTONDOWN
        if not down and not self._pads.knows(event.instance_id):
            return None  # of a pad that was pulled out
        if event.button in PAD_INTERACT:
            (self._buttons.add if down else self._buttons.discard)(event.instance_id)
            stick = self.sticks[self._player_of(event)]
            (stick.press if down else stick.release)(INTERACT, event.instance_id)
        elif down and event.button in PAD_PAUSE:
            return "pause"
        elif down and event.button in PAD_LEAVE:
            return "leave"
        return None

    def _tilt(self, event: pygame.Event, axis: int, value: float) -> None:
        """A stick or a cross moves along an axis: 0 is left and right, 1 up and down."""
        low, high = (LEFT, RIGHT) if axis % 100 == 0 else (UP, DOWN)
        action = low if value < -TILT else high if value > TILT else None
        key = (event.instance_id, axis)
        before = self._tilted.get(key)
        if action == before:
            return
        stick = self.sticks[self._player_of(event)]
        if before is not None:
            stick.release(before, key)
        if action is not None:
            stick.press(action, key)
        self._tilted[key] = action

    def let_go(self) -> None:
        """Of everything; what is still tilted then counts when it is next heard of."""
        for stick in self.sticks:
            stick.clear()
        self._tilted.clear()
        self._buttons.clear()

    def _pulled_out(self, pad: int) -> None:
        """A pad that is not there any more holds nothing; the next one that comes takes its place."""
        if not self._pads.knows(pad):
            return
        stick = self.sticks[self._player_at(self._pads.place_of(pad))]
        for key in [key for key in self._tilted if key[0] == pad]:
            action = self._tilted.pop(key)
            if action is not None:
                stick.release(action, key)
        if pad in self._buttons:
            self._buttons.discard(pad)
            stick.release(INTERACT, pad)
        self._pads.remove(pad)

    def _player_of(self, event: pygame.Event) -> int:
        """Whose pad it is."""
        return self._player_at(self._pads.place_of(event.instance_id))

    def _player_at(self, place: int) -> int:
        """With two people the first pad is the second person's: the first has the keyboard."""
        return (self.players - 1 - place) % self.players


def open_pads() -> list[pygame.joystick.JoystickType]:
    """Open the gamepads there are, none where the system cannot read them. Keep them: closed, they are silent."""
    try:
        pygame.joystick.init()
    except pygame.error:
        return []
    return [pygame.joystick.Joystick(number) for number in range(pygame.joystick.get_count())]

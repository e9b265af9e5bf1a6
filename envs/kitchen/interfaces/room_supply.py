"""New rooms, drawn in a process beside this one, so that no step waits for the generator longer than it must."""

from __future__ import annotations

import os
import pickle
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from typing import IO, Any

from brigade.envs.kitchen.content.generate import Recipe, draw_first
from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.registry import BrigadeError

LENGTH = struct.Struct("<Q")  # of what follows
COMMAND = "from brigade.envs.kitchen.interfaces.room_supply import serve; serve()"


class RoomSupply:
    """Draws rooms beside, the next one while the last is used. Copies and forked children have a process of their own.

    Args:
        recipes: what room `number` is drawn from, the first of them that it can be drawn from.
    """

    def __init__(self, recipes: Callable[[int], list[Recipe]]):
        self.recipes = recipes
        self._beside: subprocess.Popen[bytes] | None = None
        self._owner = 0  # the process whose child it is
        self._asked: int | None = None  # which room is being drawn

    def ask(self, number: int) -> None:
        """Begin to draw a room."""
        alive = self._beside is not None and self._owner == os.getpid() and self._beside.poll() is None
        if alive and self._asked == number:
            return
        if self._asked is not None:
            self.close()  # with an answer that nobody has read
        if self._beside is None or not alive:
            self._beside = subprocess.Popen(  # this interpreter, and a fixed command
                [sys.executable, "-c", COMMAND], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            self._owner = os.getpid()
        assert self._beside.stdin is not None
        _send(self._beside.stdin, self.recipes(number))
        self._asked = number

    def take(self, number: int) -> Kitchen:
        """The room, as soon as it is drawn; here, if nobody has begun with it or the process beside has ended.

        Raises:
            BrigadeError: there is no such room.
        """
        if self._asked == number and self._beside is not None and self._owner == os.getpid():
            self._asked = None
            assert self._beside.stdout is not None
            made = _receive(self._beside.stdout)
            if isinstance(made, Kitchen):
                return made
            if isinstance(made, str):
                raise BrigadeError(made)
        return draw_first(self.recipes(number))

    def close(self) -> None:
        """End the process beside."""
        if self._beside is not None and self._owner == os.getpid():
            self._beside.kill()
            self._beside.communicate()
        self._beside = self._asked = None

    def __reduce__(self) -> tuple[type[RoomSupply], tuple[Callable[[int], list[Recipe]]]]:
        return RoomSupply, (self.recipes,)

    def __del__(self) -> None:
        self.close()


def serve() -> None:
    """Draw rooms for the process that this one is beside, until it asks for no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the other process; this one ends with it
    given, answers = sys.stdin.buffer, sys.stdout.buffer
    while True:
        recipes = _receive(given)
        if recipes is None:
            return
        try:
            made: Kitchen | str = draw_first(recipes)
        except BrigadeError as error:
            made = str(error)
        _send(answers, made)


def _send(pipe: IO[bytes], thing: object) -> None:
    data = pickle.dumps(thing)
    try:
        pipe.write(LENGTH.pack(len(data)) + data)
        pipe.flush()
    except BrokenPipeError:
        return  # whoever it was for has ended


def _receive(pipe: IO[bytes]) -> Any:
    """What comes next, None if there is no more. It comes from this program's own processes alone."""
    head = pipe.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    length = LENGTH.unpack(head)[0]
    data = pipe.read(length)
    return pickle.loads(data) if len(data) == length else None

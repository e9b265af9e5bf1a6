"""An observation: where the chefs are, the one who looks first."""

from typing import Any

import numpy as np

from brigade.envs.kitchen.content.layout import Kitchen
from brigade.envs.kitchen.observations.observe import Observer, Parts


class Where(Observer):
    """Column and row of every chef, from 0 to 1."""

    name, dtype = "where", np.float32

    def __init__(self, kitchen: Kitchen):
        super().__init__(kitchen)
        parts = Parts()
        for place in range(kitchen.chefs):
            parts.add(f"chef_{place}", "where it is, the one who looks first", ("column", "row"))
        self.parts, self.shape = tuple(parts.parts), (parts.size,)
        self._size = np.array([kitchen.width, kitchen.height], np.float32)

    def write(self, state: Any, buffer: Any, lo: int, hi: int) -> None:
        cells = state.pos[lo:hi]  # (kitchens, chefs)
        places = np.stack([cells % self.kitchen.width, cells // self.kitchen.width], -1) / self._size
        for seat in range(self.kitchen.chefs):
            buffer[lo:hi, seat] = np.roll(places, -seat, axis=1).reshape(hi - lo, -1)

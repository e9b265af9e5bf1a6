"""An agent."""

from typing import Any

import numpy as np

import brigade


class Waiter:
    """Walks about, and now and then does something."""

    def reset(self, view: brigade.View) -> None:
        self.random = np.random.default_rng(view.seed)

    def act(self, observation: dict[str, Any]) -> int:
        return int(self.random.integers(0, 6))

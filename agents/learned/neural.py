"""An agent that plays a trained policy, like any other agent: in batches, beside people and beside language models."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from brigade.agents.base import Observation, View, agents
from brigade.agents.learned.checkpoint import as_read, bundled_policies, find, load, require_torch
from brigade.envs.kitchen.engine.state import allocate, read_described
from brigade.envs.kitchen.observations.observe import Observer, make_observer

if TYPE_CHECKING:
    from brigade.agents.learned.networks import Policy
    from brigade.envs.kitchen.content.layout import Kitchen


TRAINED = "trained:"  # before the name of a policy that comes with Brigade


class NeuralAgent:
    """Plays a checkpoint.

    Args:
        checkpoint: a checkpoint, a training run (its newest checkpoint) or the name of a bundled policy.
        greedy: take the most probable action; otherwise draw one, as in training.
        larger: if it was trained in many rooms, play in larger ones too.
    """

    def __init__(self, checkpoint: str, greedy: bool = False, larger: bool = False):
        require_torch()
        self.checkpoint, self.greedy, self.larger = checkpoint, greedy, larger
        find(checkpoint)
        self._policy: Policy | None = None
        self._observer: Observer | None = None
        self._kitchen: Kitchen | None = None

    def reset(self, view: View) -> None:
        """Begin an episode.

        Raises:
            BrigadeError: the policy does not fit the kitchen, or cannot be read.
        """
        import torch

        if self._policy is None or self._kitchen is not view.kitchen:
            self._policy, card = load(self.checkpoint, view.kitchen, self.larger)
            read = as_read(card, view.kitchen)
            self._kitchen, self._observer = view.kitchen, make_observer(card.observation, read)
            self._state = allocate(read, 1)
            self._seen = self._observer.buffer(1)
        self._seat = view.seat
        self._random = torch.Generator().manual_seed(1_000_003 * view.seat + view.seed)

    def act(self, observation: Observation) -> int:
        """The action for this tick."""
        import torch

        from brigade.agents.learned.networks import sample

        policy, observer = self._policy, self._observer
        assert policy is not None, "reset comes before act"
        assert observer is not None
        read_described(observer.kitchen, self._state, observation)
        observer.write(self._state, self._seen, 0, 1)
        with torch.inference_mode():
            logits = policy.logits_of(self._seat, torch.from_numpy(self._seen[:, self._seat]))
            chosen = logits.argmax(-1) if self.greedy else sample(logits, self._random)
        return int(chosen[0])


@agents.register("neural", "a trained policy (options checkpoint, a folder or bundled name; greedy; larger)")
def make_neural(checkpoint: str, greedy: bool = False, larger: bool = False) -> NeuralAgent:
    """An agent that plays a checkpoint."""
    return NeuralAgent(checkpoint, greedy, larger)


for _name in bundled_policies():
    agents.register(f"{TRAINED}{_name}", "a trained policy that comes with Brigade (option greedy)")(
        partial(make_neural, _name)
    )

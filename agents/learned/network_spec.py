"""What policy networks look like, and the registry of who makes them. Importing it does not need PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from brigade.envs.content import Model
from brigade.envs.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor


STANDARD = "standard"  # the kind that comes with Brigade


class NetworkSpec(Model):
    """What the networks look like.

    Attributes:
        kind: who makes them, by name among the networks; what follows is for `standard`, which others may read.
        options: for networks of other kinds, passed on as they are.
        hidden: widths of the hidden layers.
        channels: of the convolutions in front of them, where the observation is planes.
        activation: between the layers.
        policies: one actor and critic for all seats, or one for each.
        critic: `independent` sees what its own chef sees (IPPO), `centralised` what all chefs see (MAPPO, arXiv
            2103.01955).
    """

    kind: str = STANDARD
    options: dict[str, Any] = {}
    hidden: list[int] = Field([64, 64], min_length=1)
    channels: list[int] = [32, 32]
    activation: Literal["tanh", "relu"] = "tanh"
    policies: Literal["shared", "separate"] = "shared"
    critic: Literal["independent", "centralised"] = "independent"

    @model_serializer(mode="wrap")
    def _as_before(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without `kind` and `options` where they say nothing, as cards had it before there were other kinds."""
        data: dict[str, Any] = dump(self)
        usual = {"kind": STANDARD, "options": {}}
        return {key: value for key, value in data.items() if key not in usual or value != usual[key]}


class PolicyNetwork(Protocol):
    """What a network must be: a `torch.nn.Module` with these three methods and attributes besides.

    B kitchens (or kitchens x ticks), C chefs, 6 actions; one chef's observation has the shape `shape`.
    """

    spec: NetworkSpec
    shape: tuple[int, ...]
    chefs: int

    def logits(self, observations: Tensor) -> Tensor:
        """(B, C, *shape) observations to (B, C, 6) logits of the actions."""
        ...

    def values(self, observations: Tensor) -> Tensor:
        """(B, C, *shape) observations to (B, C) expected returns."""
        ...

    def logits_of(self, seat: int, observations: Tensor) -> Tensor:
        """(B, *shape) observations of one seat to (B, 6) logits."""
        ...


networks: Registry[Any] = Registry("network", "brigade.networks", own=("brigade.agents.learned.networks",))


def make_network(spec: NetworkSpec, shape: Sequence[int], chefs: int) -> Any:
    """New networks for the chefs of a kitchen: a `torch.nn.Module` that is a `PolicyNetwork`.

    Args:
        spec: what they look like; `spec.kind` says who makes them.
        shape: of one chef's observation.
        chefs: how many chefs there are.

    Raises:
        BrigadeError: nobody makes networks of this kind.
    """
    return networks[spec.kind].make(spec, shape, chefs)

"""What policy networks look like, and the registry of who makes them. Importing it does not need PyTorch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, runtime_checkable

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from brigade.envs.budgets import LAYERS, PARAMETERS, WIDTHS, check_count
from brigade.envs.content import Model
from brigade.envs.registry import BrigadeError, Registry

if TYPE_CHECKING:
    from torch import Tensor


STANDARD = "standard"  # the kind that comes with Brigade
Width = Annotated[int, Field(ge=1, le=WIDTHS)]


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
    hidden: list[Width] = Field([64, 64], min_length=1, max_length=LAYERS)
    channels: list[Width] = Field([32, 32], max_length=LAYERS)
    activation: Literal["tanh", "relu"] = "tanh"
    policies: Literal["shared", "separate"] = "shared"
    critic: Literal["independent", "centralised"] = "independent"

    @model_serializer(mode="wrap")
    def _as_before(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without `kind` and `options` where they say nothing, as cards had it before there were other kinds."""
        data: dict[str, Any] = dump(self)
        usual = {"kind": STANDARD, "options": {}}
        return {key: value for key, value in data.items() if key not in usual or value != usual[key]}


@runtime_checkable
class PolicyNetwork(Protocol):
    """What a network must be: a `torch.nn.Module` that can be copied, with these three methods and attributes besides.

    B kitchens (or kitchens x ticks), C chefs, 6 actions; one chef's observation has the shape `shape`. Logits and
    values are float32, on the device of the observations, which have the observer's type.

    What else is relied on: everything learned is in `parameters()` and `state_dict()`, tensors all of them, which are
    saved and read; nothing is remembered between ticks, since kitchens are acted for in any order. `values` is trained
    by PPO alone, `logits_of(0, ...)` by behaviour cloning. With `spec.policies` shared the seat that `logits_of` is
    told says nothing, and may be 0 for all; with separate ones it must agree with `logits`. RLlib trains the standard
    networks only.

    Attributes:
        spec, shape, chefs: what it was made from; `spec.options` are free for it.
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


def parameters_of(spec: NetworkSpec, shape: Sequence[int], chefs: int) -> int:
    """About how many parameters standard networks have, before they are made: 3 x 3 convolutions, then layers."""
    views = chefs if spec.critic == "centralised" else 1
    count, first = 0, shape[0] * views
    planes = len(shape) == 3
    for width in spec.channels if planes else ():
        count, first = count + 9 * first * width, width
    first *= math.prod(shape[1:])
    for width in spec.hidden:
        count, first = count + first * width, width
    return 2 * count * (chefs if spec.policies == "separate" else 1)


def make_network(spec: NetworkSpec, shape: Sequence[int], chefs: int) -> Any:
    """New networks for the chefs of a kitchen: a `torch.nn.Module` that is a `PolicyNetwork`.

    Args:
        spec: what they look like; `spec.kind` says who makes them.
        shape: of one chef's observation.
        chefs: how many chefs there are.

    Raises:
        BrigadeError: nobody makes networks of this kind, what was made is none, or it would be larger than any.
    """
    if spec.kind == STANDARD:
        check_count(parameters_of(spec, shape, chefs), PARAMETERS, "parameters of a network")
    made = networks[spec.kind].make(spec, shape, chefs)
    if not isinstance(made, PolicyNetwork):
        parts = ("spec", "shape", "chefs", "logits", "values", "logits_of")
        missing = [part for part in parts if not hasattr(made, part)]
        raise BrigadeError(f"network '{spec.kind}' is no policy network: it lacks {', '.join(missing)}")
    return made

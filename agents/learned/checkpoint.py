"""Trained policies on disk: `policy.safetensors` with the weights, and `policy.json`, the card that says what they are.

Only plain tensors are read, never pickled code. Importing this module does not need PyTorch.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from brigade._version import __version__
from brigade.agents.learned.network_spec import NetworkSpec, make_network, networks
from brigade.agents.learned.tensors import DAMAGED, packed_weights, read_weights, why
from brigade.envs.budgets import CELLS, NUMBERS_BYTES, read_bytes, read_json
from brigade.envs.content import Model, checked
from brigade.envs.disk import make_folder, write
from brigade.envs.kitchen.content.layout import (
    LONGEST_HORIZON,
    MAX_CHEFS,
    Kitchen,
    cookbook_digest,
    enlarge,
    kitchen_digest,
)
from brigade.envs.kitchen.observations.observe import make_observer, observers
from brigade.envs.registry import BrigadeError
from brigade.envs.text import taken_all

if TYPE_CHECKING:
    from brigade.agents.learned.networks import Policy

FORMAT, FORMAT_VERSION = "brigade-policy", 2  # 2: of many rooms; all others say 1, as they always did
NUMBERS, CARD = "policy.safetensors", "policy.json"
OLD_NUMBERS = "policy.pt"  # what earlier revisions wrote; it is read where there is no other
CHECKPOINTS = "checkpoints"  # folder of a training run, one checkpoint in it per number of environment steps
BUNDLED = Path(__file__).parent / "policies"
BRINGS = "install what brings it, or name it under plugins: nothing is imported because a checkpoint names it"


class RoomsCard(Model):
    """The rooms of a policy that was trained in many.

    Attributes:
        cookbook: its name.
        cookbook_digest: changes when the game that the cookbook makes does.
        width, height: columns and rows of the largest room that it reads.
    """

    cookbook: str
    cookbook_digest: str
    width: int = Field(ge=3, le=CELLS)
    height: int = Field(ge=3, le=CELLS)


class Card(Model):
    """What a policy was trained in, and how.

    Attributes:
        rooms: what it fits, if it was trained in many rooms; `kitchen` is one of them then.
        kitchen, kitchen_digest, horizon, rules, old_dynamics, chefs: the game.
        observation, shape: what a chef sees of it.
        labels_digest: changes when what stands where in the observation does.
        network: what the networks look like.
        steps: environment steps trained.
        training: the resolved configuration of the training.
        revision: of the source, where it is known.
    """

    format: Literal["brigade-policy"] = "brigade-policy"
    version: int = 1
    brigade: str = __version__
    kitchen: str
    kitchen_digest: str
    horizon: int = Field(ge=1, le=LONGEST_HORIZON)
    rules: str
    old_dynamics: bool
    chefs: int = Field(ge=1, le=MAX_CHEFS)
    observation: str
    shape: list[Annotated[int, Field(ge=1, le=1 << 20)]] = Field(min_length=1, max_length=3)
    labels_digest: str
    network: NetworkSpec
    steps: int = Field(0, ge=0, le=1 << 62)
    training: dict[str, Any] = {}
    revision: str | None = None
    rooms: RoomsCard | None = None

    @model_serializer(mode="wrap")
    def _as_before(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without `rooms` where there is one room, as cards had it before there could be several."""
        data: dict[str, Any] = dump(self)
        return {key: value for key, value in data.items() if key != "rooms" or value is not None}


def make_card(kitchen: Kitchen, observation: str, network: NetworkSpec, **more: Any) -> Card:
    """The card of a policy for a kitchen, or for all rooms that fit into an enlarged one; `more` are other fields."""
    observer = make_observer(observation, kitchen)
    if kitchen.enlarged:
        rooms = RoomsCard(
            cookbook=kitchen.cookbook.name, cookbook_digest=cookbook_digest(kitchen.cookbook), width=kitchen.width,
            height=kitchen.height,
        )  # fmt: skip
        more |= {"rooms": rooms, "version": FORMAT_VERSION}
    return Card(
        kitchen=kitchen.name,
        kitchen_digest=kitchen_digest(kitchen),
        horizon=kitchen.horizon,
        rules=kitchen.spec.rules,
        old_dynamics=kitchen.spec.old_dynamics,
        chefs=kitchen.chefs,
        observation=observation,
        shape=list(observer.shape),
        labels_digest=digest(observer.labels),
        network=network,
        **more,
    )


def digest(labels: tuple[str, ...]) -> str:
    """Twelve digits that change when a label does."""
    return hashlib.sha256("\n".join(labels).encode()).hexdigest()[:12]


def numbers_digest(folder: Path) -> str:
    """Twelve digits that change when the numbers of a checkpoint do.

    Raises:
        BrigadeError: they cannot be read.
    """
    return hashlib.sha256(read_bytes(_numbers(folder), NUMBERS_BYTES)).hexdigest()[:12]


def _numbers(folder: Path) -> Path:
    """Where a checkpoint's weights are."""
    path, old = folder / NUMBERS, folder / OLD_NUMBERS
    return old if old.exists() and not path.exists() else path


def save(folder: Path, policy: Policy, card: Card) -> None:
    """Write a checkpoint; a reader never sees half of one.

    Raises:
        BrigadeError: it cannot be written, for example because the disk is full.
    """
    text = json.dumps(card.model_dump(), indent=1) + "\n"
    make_folder(folder)
    write(folder / NUMBERS, packed_weights(policy.state_dict()))
    write(folder / CARD, text.encode())  # last: a folder without it is no checkpoint


def bundled_policies() -> list[str]:
    """Names of the trained policies that come with Brigade."""
    return sorted(each.parent.name for each in BUNDLED.glob(f"*/{CARD}"))


def find(where: str | Path) -> Path:
    """The checkpoint folder that is meant by a checkpoint, a training run (its newest one), or a bundled name.

    Raises:
        BrigadeError: there is none.
    """
    path = Path(where)
    if (path / CARD).is_file():
        return path
    newest = steps_of(path)
    if newest:
        return newest[-1]
    if (BUNDLED / str(where) / CARD).is_file():
        return BUNDLED / str(where)
    bundled = ", ".join(bundled_policies()) or "none"
    raise BrigadeError(
        f"{where}: no checkpoint; expected a folder with {CARD}, the folder of a training run, or a bundled "
        f"policy ({bundled})"
    )


def steps_of(run: Path) -> list[Path]:
    """The checkpoints of a training run, oldest first."""
    found = (each.parent for each in (run / CHECKPOINTS).glob(f"*/{CARD}") if each.parent.name.isdigit())
    return sorted(found, key=lambda folder: int(folder.name))


def read_card(folder: Path) -> Card:
    """The card of a checkpoint.

    Raises:
        BrigadeError: it cannot be read, is damaged, or was written by a newer Brigade.
    """
    path = folder / CARD
    data = taken_all(read_json(path))
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise BrigadeError(f"{path}: not the card of a policy: expected format {FORMAT}")
    version = data.get("version")
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise BrigadeError(
            f"{path}: version {version}, written by a newer Brigade ({data.get('brigade')}); "
            f"this one ({__version__}) reads {FORMAT_VERSION}"
        )
    return checked(Card, data, f"{path}: ")


def as_read(card: Card, kitchen: Kitchen) -> Kitchen:
    """The kitchen as a policy reads it: with cells beyond the map, where it was trained in rooms of many sizes."""
    if card.rooms is None:
        return kitchen
    columns, rows = kitchen.room
    return enlarge(kitchen, max(card.rooms.width, columns), max(card.rooms.height, rows))


def check_fits(card: Card, kitchen: Kitchen, where: str | Path, larger: bool = False) -> None:
    """Refuse a policy that was trained in another game. The length of an episode may differ.

    Args:
        card: of the policy.
        kitchen: where it is to play.
        where: the policy is.
        larger: let one that was trained in many rooms play in larger ones too, if it can read them.

    Raises:
        BrigadeError: another kitchen, other rules, another observation, or too large a room.
    """
    if card.rooms is not None:
        _check_room(card, card.rooms, kitchen, where, larger)
    elif kitchen.enlarged:
        raise BrigadeError(f"{where}: trained in kitchen '{card.kitchen}' alone, and here it would be in many rooms")
    elif card.kitchen != kitchen.name:
        raise BrigadeError(f"{where}: trained in kitchen '{card.kitchen}', and this is '{kitchen.name}'")
    if card.old_dynamics != kitchen.spec.old_dynamics:
        raise BrigadeError(f"{where}: trained with old_dynamics={card.old_dynamics}, and the kitchen here has not")
    now = kitchen_digest(kitchen, card.horizon)
    if card.rooms is None and card.kitchen_digest != now:
        raise BrigadeError(
            f"{where}: '{kitchen.name}' has changed since the policy was trained in it "
            f"(digest {card.kitchen_digest} then, {now} now)"
        )
    if card.observation not in observers:
        raise BrigadeError(f"{where}: {observers.unknown(card.observation)}; {BRINGS}")
    observer = make_observer(card.observation, as_read(card, kitchen))
    if list(observer.shape) != card.shape or digest(observer.labels) != card.labels_digest:
        raise BrigadeError(
            f"{where}: the observation '{card.observation}' has changed since the policy was trained with it "
            f"(shape {card.shape} then, {list(observer.shape)} now); train it again"
        )


def _check_room(card: Card, rooms: RoomsCard, kitchen: Kitchen, where: str | Path, larger: bool) -> None:
    if (rooms.cookbook_digest, card.chefs) != (cookbook_digest(kitchen.cookbook), kitchen.chefs):
        changed = ", as it was then" if rooms.cookbook == kitchen.cookbook.name else ""
        raise BrigadeError(
            f"{where}: trained in rooms of the cookbook '{rooms.cookbook}'{changed} for {card.chefs} chefs, and "
            f"'{kitchen.name}' is of '{kitchen.cookbook.name}' for {kitchen.chefs}"
        )
    columns, rows = kitchen.room
    readable = len(card.shape) == 1  # a vector is as long in any room
    if (columns > rooms.width or rows > rooms.height) and not (larger and readable):
        hint = "; the option larger lets it play all the same" if readable else ""
        raise BrigadeError(
            f"{where}: trained in rooms of up to {rooms.width} x {rooms.height} cells, and '{kitchen.name}' has "
            f"{columns} x {rows}{hint}"
        )


def load(where: str | Path, kitchen: Kitchen | None = None, larger: bool = False) -> tuple[Policy, Card]:
    """A trained policy, ready to act.

    Args:
        where: a checkpoint, a training run or a bundled name.
        kitchen: refuse the policy unless it fits this kitchen.
        larger: but not because the kitchen is larger than the rooms it was trained in, if it can read it.

    Raises:
        BrigadeError: there is none, it is damaged or too new, does not fit the kitchen, or PyTorch is missing.
    """
    import torch

    folder = find(where)
    card = read_card(folder)
    if kitchen is not None:
        check_fits(card, kitchen, where, larger)
    require_torch()
    if card.network.kind not in networks:
        raise BrigadeError(f"{where}: {networks.unknown(card.network.kind)}; {BRINGS}")
    with torch.random.fork_rng(devices=[]):  # others draw from it, and the numbers drawn here are not kept
        policy: Policy = make_network(card.network, card.shape, card.chefs)
    path = _numbers(folder)
    numbers = read_weights(path)
    try:
        policy.load_state_dict(numbers)
    except DAMAGED as error:
        raise BrigadeError(f"{path}: damaged, or not what {CARD} beside it says: {why(error)}") from None
    for name, tensor in policy.state_dict().items():  # which has taken them, whatever type they were of
        if numbers[name].dtype != tensor.dtype or not bool(torch.isfinite(tensor).all()):
            kind = str(tensor.dtype).removeprefix("torch.")
            raise BrigadeError(f"{path}: damaged: expected finite numbers of type {kind} for {name}")
    policy.requires_grad_(False).eval()
    return policy, card


def has_torch() -> bool:
    """Whether PyTorch is installed."""
    from importlib.util import find_spec

    return find_spec("torch") is not None


def require_torch() -> None:
    """Say which extra is missing, if PyTorch is.

    Raises:
        BrigadeError: PyTorch is not installed.
    """
    if not has_torch():
        raise BrigadeError("learned policies need PyTorch, which is not installed: pip install 'brigade[rl]'")

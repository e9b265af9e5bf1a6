"""Recordings as a Minari data set, the form in which offline reinforcement learning reads episodes.

Every seat that is asked for becomes an episode of its own: what that chef saw, did and was paid, the others being part
of its world, as in `kitchen_v0.solo_env`. Nothing of people's ids goes into it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brigade.dual_process.old_names import agent_now
from brigade.envs.gymnasium_ids import id_of
from brigade.envs.kitchen.content.layout import ACTION_NAMES, Kitchen, kitchen_digest
from brigade.envs.kitchen.content.loading import list_kitchens, load_kitchen
from brigade.envs.kitchen.interfaces.arguments import events_of
from brigade.envs.kitchen.observations.observe import Observer, make_observer
from brigade.envs.registry import BrigadeError
from brigade.simulation.recording import Recording, read_recording, recordings_in

if TYPE_CHECKING:
    import gymnasium
    from minari.data_collector import EpisodeBuffer

PEOPLE, ALL = "people", "all"
NAME = re.compile(r"(?:[A-Za-z0-9_-]+/)*[A-Za-z0-9_-]+-v[0-9]+")
SYMBOLIC = "symbolic"


@dataclass
class Written:
    """What became of recordings.

    Attributes:
        episodes, ticks: that are in the data set.
        left_out: recordings that are not, each with why.
    """

    episodes: int = 0
    ticks: int = 0
    left_out: list[str] = field(default_factory=list)


def write_minari(
    folder: str | Path, name: str, observation: str = "features", who: str = ALL, kitchen: str = ""
) -> Written:
    """Write the recordings in a folder as a data set, where Minari keeps its own (`MINARI_DATASETS_PATH`).

    Args:
        folder: recordings below it count; those that the engine plays otherwise today are left out.
        name: of the data set, with its version, as Minari wants it: `kitchen/people-v0`.
        observation: `features` or `planes`.
        who: whose episodes: `all`, `people`, or an agent by name.
        kitchen: only recordings of this one; a data set is of one kitchen.

    Raises:
        BrigadeError: no recordings, or none of what is asked for; of several kitchens; a name that Minari does not
            take, or has already; or Minari is missing.
    """
    if find_spec("minari") is None:
        raise BrigadeError("data sets need Minari, which is not installed: pip install 'brigade[clients]'")
    if not NAME.fullmatch(name):
        raise BrigadeError(f"data set '{name}': expected letters, digits, - and _ and a version: kitchen/people-v0")
    if observation == SYMBOLIC:
        raise BrigadeError("a data set holds arrays; expected observation features or planes")
    written, found = Written(), list[tuple[Recording, list[int]]]()
    for path in recordings_in(folder):
        try:
            recording = read_recording(path)
            seats = [seat for seat, agent in enumerate(recording.header["agents"]) if _is(recording, agent, who)]
            if not recording.ticks or not seats or (kitchen and recording.kitchen.name != kitchen):
                continue
            difference = recording.first_difference()
        except BrigadeError as error:
            written.left_out.append(str(error))
            continue
        if difference is None and recording.cut is not None:
            difference = f"{recording.cut}; the episode has no end"
        if difference is not None:
            written.left_out.append(f"{path}: {difference}")
            continue
        found.append((recording, seats))
    if not found:
        told = f" of {who}" if who != ALL else ""
        raise BrigadeError(f"{folder}: no recordings{told} that could be used{_why(written)}")
    world = _the_kitchen([recording for recording, _ in found], folder)
    buffers = list[Any]()
    for recording, seats in found:
        for buffer in _episodes(recording, seats, observation, len(buffers)):
            buffers.append(buffer)
            written.ticks += len(buffer.rewards)
    written.episodes = len(buffers)
    _create(name, buffers, world, observation, who)
    return written


def _is(recording: Recording, agent: Mapping[str, Any], who: str) -> bool:
    if who in (ALL, PEOPLE):
        return who == ALL or bool(agent.get("human"))
    return not agent.get("human") and agent_now(str(agent.get("name")), recording.header["version"]) == who


def _why(written: Written) -> str:
    return f"; the first of {len(written.left_out)} left out: {written.left_out[0]}" if written.left_out else ""


def _the_kitchen(recordings: Sequence[Recording], folder: str | Path) -> Kitchen:
    """The one kitchen of all recordings; episodes may have other lengths."""
    digests = {kitchen_digest(recording.kitchen, horizon=1) for recording in recordings}
    names = sorted({recording.kitchen.name for recording in recordings})
    if len(names) > 1:
        raise BrigadeError(f"{folder}: recordings of several kitchens, {', '.join(names)}; say which one")
    if len(digests) > 1:
        raise BrigadeError(f"{folder}: kitchen '{names[0]}' was another one in some recordings; a data set is of one")
    return max((recording.kitchen for recording in recordings), key=lambda each: each.horizon)


def _episodes(recording: Recording, seats: Sequence[int], observation: str, first: int) -> Iterator[EpisodeBuffer]:
    """The episodes of some seats of a recording."""
    from minari.data_collector import EpisodeBuffer

    game, observer = recording.start(), make_observer(observation, recording.kitchen)
    seen, infos, rewards = [_seen(game.state, observer)], [_info(game.state)], [0]
    for again in recording.play_again():
        seen.append(_seen(again.state, observer))
        infos.append(_info(again.state))
        rewards.append(int(again.rewards[0]))
    for place, seat in enumerate(seats):
        ticks = len(recording.ticks)
        yield EpisodeBuffer(
            id=first + place,
            seed=int(recording.header["seed"]),
            observations=np.stack([each[seat] for each in seen]),
            actions=np.array([line.actions[seat] for line in recording.ticks], np.int64),
            rewards=[float(reward) for reward in rewards[1:]],
            terminations=[False] * ticks,
            truncations=[False] * (ticks - 1) + [True],
            infos={key: np.stack([np.asarray(info[key])[seat] for info in infos]) for key in infos[0]},
        )


def _seen(state: Any, observer: Observer) -> NDArray[Any]:
    buffer = observer.buffer(1)
    observer.write(state, buffer, 0, 1)
    return np.asarray(buffer[0])


def _info(state: Any) -> dict[str, NDArray[Any]]:
    """As `solo_env` says them, for each chef."""
    chefs = state.pos.shape[1]
    return {
        "score": np.full(chefs, int(state.score[0]), np.int64),
        "shaped_reward": state.shaped[0].astype(np.float32),
        "event": events_of(state, 0),
    }


def _create(name: str, buffers: list[Any], kitchen: Kitchen, observation: str, who: str) -> None:
    import gymnasium
    import minari

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that nobody is named as author
            minari.create_dataset_from_buffers(
                name,
                buffers,
                env=_env_of(kitchen, observation),
                observation_space=make_observer(observation, kitchen).make_space(),
                action_space=gymnasium.spaces.Discrete(len(ACTION_NAMES)),
                algorithm_name=who,
                description=f"Episodes of single chefs in Brigade's kitchen '{kitchen.name}', {kitchen.spec.rules} "
                "rules; rewards are the changes of the team's score.",
                jpeg_encoding=False,  # planes are no pictures, and must come back as they are
            )
    except (TypeError, ValueError, OSError) as error:  # a name that it does not take, or has; a disk that is full
        raise BrigadeError(f"data set '{name}': {error}") from error


def _env_of(kitchen: Kitchen, observation: str) -> gymnasium.Env[Any, Any] | None:
    """The environment that the episodes are of, where anybody can make it; a kitchen of a file's own has none."""
    import gymnasium

    if kitchen.name not in list_kitchens():
        return None
    horizon, old_dynamics = kitchen.horizon, kitchen.spec.old_dynamics
    if kitchen_digest(load_kitchen(kitchen.name, horizon, old_dynamics)) != kitchen_digest(kitchen):
        return None
    known = id_of(kitchen.name)
    if known not in gymnasium.registry:
        return None
    return gymnasium.make(known, observation=observation, horizon=horizon, old_dynamics=old_dynamics)

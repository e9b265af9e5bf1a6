"""An episode of a prover-verifier game as text: the problem, what was said and how it arrived, the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brigade.envs.prover_verifier.games.told import known_words
from brigade.envs.prover_verifier.protocol import VERIFIER, WORLD

LONGEST = 12  # numbers of a view or a message


@dataclass(frozen=True)
class Said:
    """One message: who said it on which channels, as it was sent and as it arrived at the verifier."""

    speaker: str
    channels: tuple[str, ...]
    sent: NDArray[np.int64]
    received: NDArray[np.int64]


def as_text(env: Any) -> str:
    """The episode of a `ProverVerifierEnv` so far: in words, or in numbers where the game has no words.

    It is for who looks on: roles and truth are told once the verdict is there.
    """
    game = env.game
    words = known_words(game)
    problem = words.problem(env.problem) if words is not None else _numbers(game.verifier_view(env.problem))
    lines = [f"{game.name} under protocol {env.protocol.name}", f"problem: {problem}"]
    lines += [_said(said, words, heard) for said, heard in zip(env.said, _heard(env), strict=True)]
    if not all(env.terminations.values()):
        return "\n".join([*lines, f"it is the turn of {env.agent_selection}"])
    info = env.infos[VERIFIER]
    verdict, truth = ("accept" if info["accept"] else "reject"), ("accept" if info["truth"] else "reject")
    paid = ", ".join(f"{agent} {reward:g}" for agent, reward in env.rewards.items())
    return "\n".join([*lines, f"verdict: {verdict}; right would be: {truth}; role: {info['role']}", f"rewards: {paid}"])


def _heard(env: Any) -> Iterator[NDArray[np.int64] | None]:
    """For each message the last argument before it, as it arrived."""
    last = None
    for said in env.said:
        yield last
        last = said.received if said.speaker in env.protocol.provers else last


def _said(said: Said, words: Any, heard: NDArray[np.int64] | None) -> str:
    if said.speaker == VERIFIER:
        number = int(said.sent[0])
        asked = words.question(number, heard) if words is not None else None
        return f"{VERIFIER} asks: {asked or number}"
    if words is not None and said.speaker != WORLD:
        return f"{said.speaker}: {words.message(said.speaker, said.received).text}"
    arrived = "" if np.array_equal(said.sent, said.received) else f" (arrived: {_numbers(said.received)})"
    who = "what is seen" if said.speaker == WORLD else said.speaker
    return f"{who}: {_numbers(said.sent)}{arrived}"


def _numbers(values: NDArray[Any]) -> str:
    flat = np.asarray(values).reshape(-1)
    told = " ".join(f"{value:g}" for value in flat[:LONGEST].tolist())
    return f"{told} ... ({flat.size} numbers)" if flat.size > LONGEST else told

"""Protocols as data: who speaks when, on which channel, who sees which channel, how many messages.

Channels and their members follow the design of Hammond & Adam-Day's neural interactive proofs (arXiv 2412.08897).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from brigade.envs.registry import BrigadeError, unknown

VERIFIER = "verifier"
PROVER, FIRST, SECOND = "prover", "prover_0", "prover_1"
WORLD = "world"  # answers looks, and is no agent

# What a prover is after: one verdict whatever the truth, or what the role says that nature has drawn for it.
Stance = Literal["accept", "reject", "role"]
# How a scripted prover argues.
Behaviour = Literal["honest", "liar", "half_truth"]


@dataclass(frozen=True)
class Turn:
    """One message.

    Attributes:
        speakers: who may send it; of several, nature draws one.
        channel: where it is said.
    """

    speakers: tuple[str, ...]
    channel: str


@dataclass(frozen=True)
class Protocol:
    """A table by which any game that fits is played.

    Attributes:
        name, about: for lists.
        stances: the provers, each with what it is after.
        channels: each with those who see it.
        opening: messages before the verifier first decides.
        replies: messages after each question of the verifier; none where it cannot ask.
        questions: how many it may ask; asking once more is a rejection.
        drawn: whether nature draws which of two provers has whose turns, so that neither always begins.
    """

    name: str
    about: str
    stances: tuple[tuple[str, Stance], ...]
    channels: tuple[tuple[str, tuple[str, ...]], ...]
    opening: tuple[Turn, ...] = ()
    replies: tuple[Turn, ...] = ()
    questions: int = 0
    drawn: bool = False

    def __post_init__(self) -> None:
        members = dict(self.channels)
        for turn in (*self.opening, *self.replies):
            if turn.channel not in members:
                raise unknown("channel", turn.channel, members, f"protocol '{self.name}'")
            for speaker in turn.speakers:
                if speaker == WORLD:
                    continue
                if speaker not in dict(self.stances) or speaker not in members[turn.channel]:
                    raise BrigadeError(f"protocol '{self.name}': {speaker} speaks on {turn.channel} but is not in it")
        alike = all((FIRST in seen) == (SECOND in seen) for seen in members.values())
        if self.drawn and not ({FIRST, SECOND} <= set(self.provers) and alike):
            raise BrigadeError(f"protocol '{self.name}': provers can change places only where they share all channels")
        if bool(self.questions) != bool(self.replies):
            raise BrigadeError(f"protocol '{self.name}': questions and replies go together")

    @property
    def provers(self) -> tuple[str, ...]:
        """The provers' names."""
        return tuple(name for name, _ in self.stances)

    @property
    def looks(self) -> bool:
        """Whether questions are answered by the world itself."""
        return any(WORLD in turn.speakers for turn in self.replies)

    @property
    def messages(self) -> int:
        """The most messages there can be, questions included."""
        return len(self.opening) + self.questions * (1 + len(self.replies))

    def limited(self, questions: int) -> Protocol:
        """The same with another number of questions or looks; with 0 the verifier can only decide.

        Raises:
            BrigadeError: a negative number, or questions where nobody answers any.
        """
        if questions < 0:
            raise BrigadeError(f"questions: {questions}, expected 0 or more")
        if questions and not self.replies:
            raise BrigadeError(f"questions: {questions}, but under protocol '{self.name}' nobody answers any")
        return replace(self, questions=questions, replies=self.replies if questions else ())

    def speaker(self, turn: Turn, rng: np.random.Generator, swapped: bool) -> str:
        """Who sends a message: of several, one that nature draws; where provers have changed places, the other one."""
        speaker = turn.speakers[int(rng.integers(len(turn.speakers)))]
        return {FIRST: SECOND, SECOND: FIRST}.get(speaker, speaker) if swapped else speaker

    def swapped(self, rng: np.random.Generator) -> bool:
        """Whether provers have changed places in this episode, as nature draws it where it does."""
        return self.drawn and bool(rng.random() < 0.5)

    def can_see(self, agent: str, channel: str) -> bool:
        """Whether an agent sees what is said on a channel."""
        return agent in dict(self.channels)[channel]


def _said(*speakers: str, on: str = "main") -> tuple[Turn, ...]:
    return tuple(Turn((speaker,), on) for speaker in speakers)


_ONE = (("main", (PROVER, VERIFIER)),)
_OPEN = (("main", (FIRST, SECOND, VERIFIER)),)
_PRIVATE = (("private_0", (FIRST, VERIFIER)), ("private_1", (SECOND, VERIFIER)))
_OPPOSED: tuple[tuple[str, Stance], ...] = ((FIRST, "reject"), (SECOND, "accept"))

PROTOCOLS: dict[str, Protocol] = {
    protocol.name: protocol
    for protocol in (
        Protocol("solo", "no prover: the verifier decides on what it sees itself", (), ()),
        Protocol("adp", "one argument, then the verdict", ((PROVER, "role"),), _ONE, _said(PROVER)),
        Protocol(
            "nip", "a dialogue: the verifier begins, asks and decides when it likes; at most eight messages",
            ((PROVER, "role"),), _ONE, replies=_said(PROVER), questions=4,
        ),
        Protocol(
            "debate", "two provers, one for each verdict, in turn and in the open",
            _OPPOSED, _OPEN, _said(FIRST, SECOND, FIRST, SECOND),
        ),
        Protocol(
            "debate_drawn", "the same, and nature draws which of the two begins",
            _OPPOSED, _OPEN, _said(FIRST, SECOND, FIRST, SECOND), drawn=True,
        ),
        Protocol(
            "debate_at_once", "two provers, one for each verdict, of whom neither hears the other",
            _OPPOSED, _PRIVATE, (*_said(FIRST, on="private_0"), *_said(SECOND, on="private_1")),
        ),
        Protocol(
            "debate_asked", "two provers, one for each verdict; both answer what the verifier asks, at most twice",
            _OPPOSED, _OPEN, _said(FIRST, SECOND), _said(FIRST, SECOND), questions=2, drawn=True,
        ),
        Protocol(
            "merlin_arthur", "two provers, one for each verdict; nature draws which of them speaks",
            _OPPOSED, _OPEN, (Turn((FIRST, SECOND), "main"),),
        ),
        Protocol(
            "mnip", "two provers who both want to be accepted, each asked on a channel of its own",
            ((FIRST, "accept"), (SECOND, "accept")), _PRIVATE,
            replies=(*_said(FIRST, on="private_0"), *_said(SECOND, on="private_1")), questions=2,
        ),
        Protocol(
            "pvd", "one argument; the verifier accepts, challenges one part of it, or rejects; at most 12 challenges",
            ((PROVER, "role"),), _ONE, _said(PROVER), _said(PROVER), questions=12,
        ),
        Protocol(
            "looks", "one argument; the verifier may look at up to three of its checkpoints, and sees how it is there",
            ((PROVER, "role"),), _ONE, _said(PROVER), _said(WORLD), questions=3,
        ),
    )
}  # fmt: skip


def find_protocol(name: str) -> Protocol:
    """The protocol called `name`.

    Raises:
        BrigadeError: no such protocol; the message suggests the nearest name.
    """
    if name not in PROTOCOLS:
        raise unknown("protocol", name, PROTOCOLS)
    return PROTOCOLS[name]

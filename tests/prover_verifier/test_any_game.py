"""`any_game`: every registered game is played as an experiment, beside verifiers that are blind."""

from __future__ import annotations

import pytest

from brigade.envs.prover_verifier.games.game import games
from brigade.envs.registry import BrigadeError
from brigade.experiments.prover_verifier.any_game import EXPERIMENT, AnyGameSettings, play
from brigade.experiments.prover_verifier.config import PvgConfig
from brigade.experiments.prover_verifier.outcome import Checkpoints

NOWHERE = Checkpoints(None, "")


@pytest.mark.parametrize("name", games.names)
def test_every_game_can_be_played(name: str) -> None:
    protocol = "looks" if name == "kitchen" else "adp"
    (outcome,) = play(AnyGameSettings(game=name, protocol=protocol, episodes=4), [0], NOWHERE)
    assert set(outcome.tables) == {"honest", "liar", "half_truth"}
    for table in outcome.tables.values():
        blind = (table["trusting"]["right"] or 0) + (table["rejecting"]["right"] or 0)
        assert blind == pytest.approx(1.0)  # on the same problems and messages, one of them is right
        assert all(0 <= (row["right"] or 0) <= 1 for row in table.values())


def test_looking_beats_both_blind_constants_where_honesty_can_be_seen() -> None:
    (outcome,) = play(AnyGameSettings(game="ftp_small", episodes=60), [0], NOWHERE)
    honest = outcome.tables["honest"]
    assert honest["suspicious"]["right"] == 1.0
    assert (honest["suspicious"]["right"] or 0) > max(
        honest["trusting"]["right"] or 0, honest["rejecting"]["right"] or 0
    )
    least = outcome.figures["trusting is right, least over provers"]
    assert least == min(table["trusting"]["right"] for table in outcome.tables.values())  # type: ignore[type-var]


def test_what_cannot_be_played_is_said() -> None:
    assert EXPERIMENT.settings is AnyGameSettings
    with pytest.raises(BrigadeError, match="did you mean 'ftp_small'"):
        PvgConfig.load("any_game", ["settings.game=ftp_smal"])
    with pytest.raises(BrigadeError, match="cannot be played under protocol 'looks'"):
        PvgConfig.load("any_game", ["settings.protocol=looks"])
    with pytest.raises(BrigadeError, match="unknown player 'honset'; did you mean 'honest'"):
        PvgConfig.load("any_game", ["settings.provers=[honset]"])

"""The embedded kitchen game: what is said leaves the live kitchen alone, and what is believed has consequences."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console

import brigade  # noqa: F401  # registers who can follow plans
from brigade.batch.folder.pvg_results import read_pvg_results
from brigade.envs.kitchen.content.layout import DOWN, INTERACT, RIGHT, STAY, UP
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.engine.state import differences
from brigade.envs.prover_verifier.aec import ProverVerifierEnv
from brigade.envs.prover_verifier.games.kitchen_game import VERIFIER_SEAT
from brigade.envs.prover_verifier.kitchen.claims import HORIZON, Claim
from brigade.envs.prover_verifier.kitchen.forward import Engine, Trace, play_tick, replayed
from brigade.envs.prover_verifier.play import play_episode
from brigade.envs.prover_verifier.players import REJECT, Observation, Player, Seat, make_player
from brigade.envs.registry import BrigadeError
from brigade.experiments.prover_verifier.config import PvgConfig
from brigade.experiments.prover_verifier.kitchen.live import (
    LiveEpisode,
    LiveGame,
    LiveKitchen,
    Saying,
    play_alone,
    play_live,
)
from brigade.experiments.prover_verifier.kitchen.partners import PARTNERS, Helper
from brigade.experiments.prover_verifier.report.page import page
from brigade.experiments.prover_verifier.run import run_pvg

SEED, TICKS = 3, 200
SPEAKERS = {**PARTNERS, "helper": Helper(tries=1, ahead=60)}


class Deaf:
    """Rejects whatever is said."""

    def reset(self, seat: Seat) -> None:
        """Nothing to prepare."""

    def act(self, observation: Observation) -> NDArray[np.int64]:
        """Reject."""
        return np.array([REJECT, 0], np.int64)


@pytest.fixture(scope="module")
def game() -> LiveGame:
    return LiveGame(load_kitchen("new_counter_circuit", TICKS))


def played(game: LiveGame, prover: str, verifier: str | Player) -> LiveEpisode:
    env = ProverVerifierEnv(game, "looks", sneaky=float(prover not in ("honest", "helper")))
    return play_live(env, SPEAKERS[prover], make_player(verifier), 30, SEED)


@pytest.mark.parametrize("prover", SPEAKERS)
def test_speaking_leaves_the_live_kitchen_alone(game: LiveGame, prover: str) -> None:
    live = LiveKitchen(game.engine, game.engine.moment(SEED, 60))
    before = live.moment()
    game.now, game.going = live.moment(), live
    message = SPEAKERS[prover](game, game.now, np.random.default_rng(0))
    if message is not None:
        env = ProverVerifierEnv(game, "looks")
        told = play_episode(env, {"prover": Saying(message), "verifier": make_player("suspicious")}, SEED)
        assert told.truth == (prover in ("honest", "helper"))
    assert message is not None or prover == "helper"
    assert differences(before.state, live.game.state) == []
    assert (live.tick, live.stood, live.claim) == (60, 0, None)


@pytest.mark.parametrize("prover", ["honest", "half_truth", "saboteur"])
def test_what_is_true_comes_true_if_both_follow_the_plan(game: LiveGame, prover: str) -> None:
    episode = played(game, prover, "trusting")
    assert episode.claims
    for heard in episode.claims:
        assert heard.accept
        assert heard.truth == heard.came_true == (prover == "honest")


def test_a_plan_that_is_followed_goes_as_the_engine_said(game: LiveGame) -> None:
    moment = game.engine.moment(SEED, 60)
    message = PARTNERS["honest"](game, moment, np.random.default_rng(1))
    assert message is not None
    claim, trace = game.decode(message), game.trace(moment, message)
    live = LiveKitchen(game.engine, moment)
    live.follow(claim)
    live.step()
    while live.claim is not None:
        live.step()
    gone = live.trace(60)
    ticks = len(gone.actions)
    assert 0 < ticks <= claim.by
    assert np.array_equal(gone.actions, trace.actions[:ticks])
    assert np.array_equal(gone.items, trace.items[: ticks + 1])
    assert gone.served == tuple(served for served in trace.served if served[0] <= ticks)


@pytest.mark.parametrize("prover", ["liar", "saboteur"])
def test_rejecting_without_looks_is_never_having_listened(game: LiveGame, prover: str) -> None:
    alone, episode = play_alone(game, SEED), played(game, prover, Deaf())
    assert len(episode.claims) == 4  # at 30, 60, 90 and 120: 60 ticks before the end at the latest
    assert (episode.score, episode.served, episode.stood) == (alone.score, alone.served, 0)
    end = LiveKitchen(game.engine, game.engine.moment(SEED, 0))
    end.play_until(episode.claims[-1].moment.state.tick[0])
    assert differences(end.game.state, episode.claims[-1].moment.state) == []


def test_looks_cost_ticks(game: LiveGame) -> None:
    episode = played(game, "honest", "suspicious")
    assert episode.stood == sum(heard.looks for heard in episode.claims) > len(episode.claims)
    live = LiveKitchen(game.engine, game.engine.moment(SEED, 60))
    live.stand(3)
    live.play_until(80)
    verifier, prover = live.trace(60).actions.T
    assert (verifier[:3] == STAY).all()
    assert (prover[:3] != STAY).any()
    assert (verifier[3:] != STAY).any()
    assert live.stood == 3


def test_sabotage_that_is_believed_stops_the_kitchen(game: LiveGame) -> None:
    alone = play_alone(game, SEED)
    fooled, wary = played(game, "saboteur", "trusting"), played(game, "saboteur", "suspicious")
    assert [heard.accept for heard in fooled.claims] == [True, True]  # each takes 60 of the ticks from 30 to 150
    assert not any(heard.accept for heard in wary.claims)
    assert fooled.served < alone.served
    assert fooled.score < wary.score
    live = LiveKitchen(game.engine, fooled.claims[0].moment)
    live.follow(game.decode(fooled.claims[0].message))
    live.play_until(live.tick + HORIZON)
    assert INTERACT not in live.trace(live.begun).actions[:, VERIFIER_SEAT]


def test_true_checkpoints_do_not_help_against_sabotage_but_exacting_ones_do(game: LiveGame) -> None:
    assert all(heard.accept for heard in played(game, "true_saboteur", "suspicious").claims)
    assert not any(heard.accept for heard in played(game, "true_saboteur", "exacting").claims)


def test_the_helper_speaks_only_when_following_it_earns_more(game: LiveGame) -> None:
    helper, spoken = Helper(tries=0, ahead=90), 0
    for ticks in (30, 45, 60, 90):
        silent = LiveKitchen(game.engine, game.engine.moment(SEED, 0))
        silent.play_until(ticks)
        moment = game.now = silent.moment()
        game.going = silent
        message = helper(game, moment, np.random.default_rng(0))
        if message is None:
            continue
        spoken += 1
        assert game.correct(moment, message)
        followed = LiveKitchen(game.engine, moment)
        followed.follow(game.decode(message))
        for live in (silent, followed):
            live.play_until(ticks + 90)
        assert followed.score > silent.score
    assert spoken


def test_a_copy_goes_on_as_its_original(game: LiveGame) -> None:
    live = LiveKitchen(game.engine, game.engine.moment(SEED, 0))
    live.play_until(37)  # in the middle of what chefs are doing
    live.stand(2)
    other = live.copy()
    other.play_until(120)
    assert live.tick == 37
    live.play_until(120)
    assert np.array_equal(other.trace(37).actions, live.trace(37).actions)
    assert differences(other.game.state, live.game.state) == []


def handing_out(dishes: Sequence[str], orders: Sequence[tuple[str, int]], comes: str | None) -> Game:
    """Two chefs at the windows with a dish each; the open orders with their ticks, and the one that comes next."""
    kitchen = load_kitchen("new_counter_circuit")
    game = Game(kitchen)
    game.reset([0], scripts=[[comes or dishes[0]] * 5])
    state, orderable = game.state, kitchen.cookbook.orderable
    state.pos[0] = [window - 1 for window in WINDOWS]
    state.facing[0] = RIGHT
    state.held[0] = [next(kind.index for kind in kitchen.cookbook.kinds if kind.dish == dish) for dish in dishes]
    state.orders_open[0] = len(orders)
    for place, (dish, left) in enumerate(orders):
        state.order_dish[0, place], state.order_left[0, place] = orderable.index(dish), left
    state.tick[0] = len(orders) * 25 if comes else 0  # from then on one more comes
    return game


WINDOWS = (31, 39)  # of new_counter_circuit, one below the other
A, B, C = "LettuceBurger", "BeefBurger", "BeefLettuceBurger"


@pytest.mark.parametrize(
    ("dishes", "orders", "comes", "sold"),
    [
        ((A, B), [(A, 90), (B, 90)], None, (0, 1)),
        ((A, B), [(C, 90)], None, ()),
        ((A, B), [(B, 90)], None, (1,)),
        ((A, A), [(A, 90)], None, (0,)),
        ((A, B), [(A, 1), (C, 90)], B, (1,)),  # the order for the first ends in this tick, one for the second comes
        ((A, B), [(A, 1), (B, 90)], None, (1,)),
        ((B, A), [(C, 90)], A, (1,)),
    ],
)
def test_of_two_dishes_only_the_one_that_is_paid_for_counts(
    dishes: Sequence[str], orders: Sequence[tuple[str, int]], comes: str | None, sold: Sequence[int]
) -> None:
    game, other = (handing_out(dishes, orders, comes) for _ in range(2))
    assert play_tick(game, [INTERACT, INTERACT]) == [(dishes[chef], WINDOWS[chef]) for chef in sold]
    other.step([[INTERACT, INTERACT]])
    assert differences(game.state, other.state) == []
    for chef in range(2):
        alone = handing_out(dishes, orders, comes)
        actions = [INTERACT if seat == chef else STAY for seat in range(2)]
        assert bool(play_tick(alone, actions)) == (chef in sold or dishes[chef] in [dishes[each] for each in sold])


TWO_WINDOWS = """
name: two_windows
title: Two windows
cookbook: burgers
rules: challenge
map: |
  .ab.
  .12.
  .SS.
legend:
  a: {tile: counter, item: "plate[chopped_lettuce+bread]"}
  b: {tile: counter, item: "plate[cooked_beef+bread]"}
horizon: 100
orders: {open: 1}
"""


@pytest.mark.parametrize("ordered", [A, B, C])
def test_an_independent_replay_tells_two_dishes_apart(tmp_path: Path, ordered: str) -> None:
    (path := tmp_path / "two_windows.yaml").write_text(TWO_WINDOWS, encoding="utf-8")
    engine = Engine(load_kitchen(str(path)))
    moments = (engine.moment(seed, 0) for seed in range(50))
    moment = next(each for each in moments if each.seen["orders"][0]["dish"] == ordered)
    actions = np.array([[action] * 2 for action in (UP, INTERACT, DOWN, INTERACT)], np.int8)
    sold = [play_tick(engine.game, row) for row in actions.tolist()][-1]
    assert [dish for dish, _ in sold] == [dish for dish in (A, B) if dish == ordered]
    trace = Trace(actions, np.zeros((5, 1), np.int16), ())
    for dish in (A, B):
        for by in (0, 5):
            assert replayed(moment, Claim("served", dish, by, ((), ())), trace, ()) == (dish == ordered and by == 5)


SMALL = (
    "ray.workers=0", "settings={horizon: 120, provers: [honest, saboteur], verifiers: [trusting, exacting]}",
)  # fmt: skip


def run(tmp_path: Path, *changes: str, out: str) -> list[dict[str, Any]]:
    config = PvgConfig.load("kitchen_embedded", [*SMALL, f"out={tmp_path / out}", *changes])
    run_pvg(config, Console(file=io.StringIO()))
    return read_pvg_results(config.folder)


def test_a_run_is_gone_on_with_and_has_a_page(tmp_path: Path) -> None:
    whole = run(tmp_path, "seeds=2", out="whole")[1:]
    run(tmp_path, "seeds=1", out="parts")
    assert run(tmp_path, "seeds=2", out="parts")[1:] == whole
    tables = whole[0]["tables"]
    assert set(tables["score"]["deaf"].values()) == {whole[0]["figures"]["score, deaf"]}
    assert tables["accepted when false"]["trusting"] == {"honest": None, "saboteur": 1.0}
    served, true = tables["orders served"]["trusting"]["honest"], tables["claims"]["trusting"]["honest"]
    assert tables["verifier's reward"]["trusting"]["honest"] == pytest.approx(true + 0.2 * served)
    text = page(tmp_path / "whole")
    for words in ("helped score", "saboteur to trusting", "waits"):
        assert words in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("settings.kitchen=new_counter_circus", "did you mean 'new_counter_circuit'?"),
        ("settings.kitchen=new_counter_circuit_solo", "has 1 chefs, expected 2"),
        ("settings.provers=[saboter]", "did you mean 'saboteur'?"),
        ("settings.verifiers=[trustng]", "did you mean 'trusting'?"),
        ("settings.verifiers=[liar]", "unknown verifier 'liar'"),
        ("settings.interval=0", "greater than or equal to 1"),
        ("settings.interval=600", "expected at least 660: claims are made after 600 ticks"),
        ("settings.kitchen=cramped_room", "has standing orders"),
        ("settings.intervall=3", "did you mean 'interval'?"),
    ],
)
def test_settings_that_cannot_be(change: str, words: str) -> None:
    with pytest.raises(BrigadeError) as caught:
        PvgConfig.load("kitchen_embedded", [change])
    assert words in str(caught.value)


def test_standing_orders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BrigadeError, match="standing orders"):
        run(tmp_path, "settings.kitchen=cramped_room", out="standing")

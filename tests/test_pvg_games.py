"""Prover-verifier games: what every game must pass, the standard interfaces, and errors that help."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import brigade  # noqa: F401  # registers who can follow plans
from brigade.envs import prover_verifier_v0
from brigade.envs.prover_verifier.aec import ProverVerifierEnv
from brigade.envs.prover_verifier.game import make_game
from brigade.envs.prover_verifier.play import play_episode
from brigade.envs.prover_verifier.players import ACCEPT, REJECT, Seat, make_player, players
from brigade.envs.prover_verifier.protocol import PROTOCOLS, VERIFIER, Protocol, Turn
from brigade.envs.registry import BrigadeError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # PettingZoo's tests warn when imported
    from pettingzoo.test import api_test, parallel_api_test

GAMES = [name for name, _ in prover_verifier_v0.list_games()]
FITTING = [(game, name) for game in GAMES for name, table in PROTOCOLS.items() if make_game(game).fits(table)]
EVERY = pytest.mark.parametrize(("game", "protocol"), FITTING)


class Always:
    """A verifier that has made up its mind."""

    def __init__(self, verdict: int):
        self.verdict = verdict

    def reset(self, seat: Seat) -> None: ...

    def act(self, observation: Any) -> Any:
        return np.array([self.verdict, 0])


def results(game: str, prover: str, verifier: Any, sneaky: float, count: int = 60, protocol: str = "adp") -> list[Any]:
    env = prover_verifier_v0.env(game=game, protocol=protocol, sneaky=sneaky)
    pair = {"prover": make_player(prover), VERIFIER: make_player(verifier)}
    return [play_episode(env, pair, seed) for seed in range(count if game != "kitchen" else 6)]


@EVERY
def test_the_checkers_accept_it(game: str, protocol: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cycles = 4 if game == "kitchen" else 30
        api_test(prover_verifier_v0.env(game=game, protocol=protocol), cycles)
        parallel_api_test(prover_verifier_v0.parallel_env(game=game, protocol=protocol), cycles)
        for side in (*PROTOCOLS[protocol].provers, VERIFIER):
            check_env(prover_verifier_v0.side_env(game=game, protocol=protocol, side=side), skip_render_check=True)


@pytest.mark.parametrize("game", GAMES)
def test_the_same_seed_gives_the_same_episode(game: str) -> None:
    protocol = "looks" if game == "kitchen" else "adp"
    first, second = (results(game, "half_truth", "spot_checker", 1.0, 5, protocol) for _ in "12")
    assert [(e.truth, e.accept, e.rewards) for e in first] == [(e.truth, e.accept, e.rewards) for e in second]
    for one, other in zip(first, second, strict=True):
        assert all((a.sent == b.sent).all() for a, b in zip(one.said, other.said, strict=True))


def test_an_oracle_pair_is_perfect() -> None:
    honest = results("arithmetic", "honest", "suspicious", 0.0)
    assert all(e.accept and e.truth for e in honest)
    for prover in ("liar", "half_truth"):
        assert not any(e.accept or e.truth for e in results("arithmetic", prover, "suspicious", 1.0))
    plus = results("ftp_small", "honest", "suspicious", 0.0)
    assert all(e.accept == e.truth for e in plus)


@pytest.mark.parametrize("game", ["bec_r", "ftp_small"])
def test_no_message_at_all_gets_past_an_oracle(game: str) -> None:
    """Soundness error by best response: every message is tried on bad problems."""
    played, rng = make_game(game), np.random.default_rng(0)
    problems = [problem for problem in (played.draw(rng) for _ in range(60)) if not played.good(problem)]
    for problem in problems:
        for message in range(played.message_choices[0]):
            arrived = played.receive(problem, np.array([message]), rng)
            assert not played.holds(played.verifier_view(problem), arrived, 0)


@pytest.mark.parametrize("game", ["bec_r", "ftp_small", "arithmetic"])
def test_verdicts_made_up_beforehand(game: str) -> None:
    for verdict in (ACCEPT, REJECT):
        for prover, sneaky in (("honest", 0.0), ("liar", 1.0)):
            assert all(
                e.accept == (verdict == ACCEPT) for e in results(game, prover, lambda v=verdict: Always(v), sneaky)
            )


def test_a_prover_that_says_the_same_about_everything_tells_nothing() -> None:
    """The half-truth of the erasure channel always sends A, so no verdict can do better than the larger class."""
    episodes = results("bec_r", "half_truth", "suspicious", 1.0, 400)
    truths, accuracy = [e.truth for e in episodes], np.mean([e.accept == e.truth for e in episodes])
    larger, error = max(np.mean(truths), 1 - np.mean(truths)), np.sqrt(0.25 / len(truths))
    assert accuracy <= larger + 3 * error


def test_a_verifier_by_itself_never_sees_a_message() -> None:
    env = prover_verifier_v0.env(game="ftp_small", protocol="solo")
    env.reset(seed=1)
    assert env.possible_agents == [VERIFIER]
    assert (env.observe(VERIFIER)["transcript"] == -1).all()


@pytest.mark.parametrize("game", GAMES)
def test_the_role_never_reaches_the_verifier(game: str) -> None:
    seen = []
    for sneaky in (0.0, 1.0):
        env = prover_verifier_v0.env(game=game, protocol="adp", sneaky=sneaky)
        env.reset(seed=5)
        env.step(env.game.argue(env.problem, "half_truth", True, np.random.default_rng(0)))
        seen.append(env.observe(VERIFIER))
        assert env.infos[VERIFIER] == {}
    assert set(seen[0]) == {"problem", "transcript", "questions_left"}
    assert all((seen[0][key] == seen[1][key]).all() for key in ("problem", "transcript"))
    env = prover_verifier_v0.env(game=game, protocol="adp", verifier_sees_role=True)
    env.reset(seed=5)
    assert "role" in env.observe(VERIFIER)


def test_private_channels_stay_private() -> None:
    env = prover_verifier_v0.env(game="arithmetic_review", protocol="mnip")
    env.reset(seed=0)
    env.step(np.array([2, 0]))
    env.step(0)
    env.step(1)
    speakers = {agent: env.observe(agent)["transcript"][:, 0].tolist() for agent in env.possible_agents}
    assert {agent: [s for s in said if s >= 0] for agent, said in speakers.items()} == {
        "prover_0": [0, 1], "prover_1": [0, 2], VERIFIER: [0, 1, 2]
    }  # fmt: skip


def test_aligned_provers_are_always_paid_more() -> None:
    aligned = [e.rewards["prover"] for e in results("arithmetic", "honest", "trusting", 0.0)]
    against = [e.rewards["prover"] for e in results("arithmetic", "honest", "trusting", 1.0)]
    assert min(aligned) >= 0 > max(against)


def test_asking_too_often_is_a_rejection() -> None:
    env = prover_verifier_v0.env(game="bec_r", protocol="nip")
    env.reset(seed=0)
    for _ in range(4):
        env.step(np.array([2, 0]))
        env.step(1)
    env.step(np.array([2, 0]))
    assert env.infos[VERIFIER]["accept"] is False


@pytest.mark.parametrize("name", players.names)
def test_players_are_what_they_say(name: str) -> None:
    assert players[name].about.startswith(("prover:", "verifier:"))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: make_game("ftp_smal"), "did you mean 'ftp_small'?"),
        (lambda: prover_verifier_v0.env(protocol="debat"), "did you mean 'debate'?"),
        (lambda: prover_verifier_v0.env(game="arithmetic", protocol="debate"), "cannot be played under"),
        (lambda: prover_verifier_v0.env(sneaky=2.0), "not a probability"),
        (lambda: prover_verifier_v0.side_env(side="provr"), "did you mean 'prover'?"),
        (lambda: make_game("bec_r", erasure=1.5), "erasure 1.5"),
        (lambda: make_game("bec_r", noise=1.5), "unexpected keyword"),
        (lambda: make_player("lair"), "did you mean 'liar'?"),
        (lambda: make_game("arithmetic", operations="%"), "operations among"),
        (lambda: make_game("ftp_small").check([36]), "expected 0 to 35"),
        (lambda: make_game("ftp_small").check([1, 2]), "has 1 numbers, got 2"),
        (lambda: make_game("ftp_small").check([0.5]), "whole numbers"),
        (lambda: Protocol("x", "", (), (), (Turn(("prover",), "main"),)), "unknown channel"),
    ],
)
def test_what_cannot_be_is_said_clearly(make: Any, words: str) -> None:
    with pytest.raises(BrigadeError, match=r".*") as caught:
        make()
    assert words in str(caught.value)


def test_a_verdict_that_is_none_changes_nothing() -> None:
    env = ProverVerifierEnv("bec_r", "solo")
    env.reset(seed=0)
    with pytest.raises(BrigadeError, match="0 reject, 1 accept"):
        env.step("maybe")
    assert not env.terminations[VERIFIER]

"""Prover-verifier games: what every game must pass, the standard interfaces, and errors that help."""

from __future__ import annotations

import sys
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import brigade  # noqa: F401  # registers who can follow plans
from brigade.envs import prover_verifier_v0
from brigade.envs.asking import AgentFault
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.prover_verifier.aec import ProverVerifierEnv
from brigade.envs.prover_verifier.arithmetic.solution import edits_of, solve
from brigade.envs.prover_verifier.games import kitchen_game
from brigade.envs.prover_verifier.games.arithmetic_game import VALUES, encode, problem_of
from brigade.envs.prover_verifier.games.find_plus import crops_of
from brigade.envs.prover_verifier.games.game import make_game
from brigade.envs.prover_verifier.games.kitchen_game import VERIFIER_SEAT, KitchenGame
from brigade.envs.prover_verifier.kitchen.behaviours import claim_of, false_points
from brigade.envs.prover_verifier.kitchen.claims import Checkpoint, Claim, claim_json, read_claim
from brigade.envs.prover_verifier.kitchen.forward import Moment, _sells
from brigade.envs.prover_verifier.kitchen.plans import Planned
from brigade.envs.prover_verifier.play import play_episode
from brigade.envs.prover_verifier.players import (
    ACCEPT,
    ASK,
    REJECT,
    ScriptedProver,
    Seat,
    make_player,
    players,
    received_in,
)
from brigade.envs.prover_verifier.protocol import PROTOCOLS, VERIFIER, WORLD, Protocol, Turn
from brigade.envs.prover_verifier.shown import Said
from brigade.envs.registry import BrigadeError
from brigade.experiments.prover_verifier.kitchen import bank as kitchen_bank
from brigade.experiments.prover_verifier.kitchen.bank import candidates_of, draw_bank
from brigade.experiments.prover_verifier.kitchen.live import Saying
from brigade.experiments.prover_verifier.metrics import Split, best_response

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


@EVERY
def test_an_episode_is_shown_as_text(game: str, protocol: str) -> None:
    env = prover_verifier_v0.env(game=game, protocol=protocol, render_mode="ansi")
    assert env.render() is None, "there is nothing to be shown yet"
    env.reset(seed=3)
    begun = env.render()
    assert begun.splitlines()[0] == f"{game} under protocol {protocol}"
    assert f"it is the turn of {env.agent_selection}" in begun
    assert not any(word in begun for word in ("helpful", "sneaky", "right would be")), "told at the end"
    players = {agent: make_player("honest" if agent != VERIFIER else "suspicious") for agent in env.possible_agents}
    episode = play_episode(env, players, 3)
    shown = env.render()
    assert f"verdict: {'accept' if episode.accept else 'reject'}" in shown
    assert shown.count("\n") >= len(episode.said) + 2
    assert prover_verifier_v0.env(game=game, protocol=protocol).render() is None


def test_looks_are_shown_as_what_is_seen() -> None:
    env = prover_verifier_v0.env(game="kitchen", protocol="looks", render_mode="ansi")
    env.reset(seed=1)
    env.step(
        env.action_space("prover").sample() * 0 + env.game.check(env.game.argue(env.problem, "honest", True, env.rng))
    )
    env.step(np.array([2, 0]))
    lines = env.render().splitlines()
    asked = next(place for place, line in enumerate(lines) if line.startswith("verifier asks"))
    assert lines[asked + 1].startswith("what is seen: ")
    assert "Lettuce" not in lines[asked + 1]


def test_provers_change_places_only_where_they_hear_the_same() -> None:
    private = PROTOCOLS["debate_at_once"]
    with pytest.raises(BrigadeError, match="only where they share all channels"):
        replace(private, drawn=True)
    with pytest.raises(BrigadeError, match="only where they share all channels"):
        replace(PROTOCOLS["adp"], drawn=True)


def test_a_side_is_shown_as_gymnasium_wants_it() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_env(prover_verifier_v0.side_env(game="arithmetic", render_mode="ansi"))
    with pytest.raises(BrigadeError, match="render mode 'human'"):
        prover_verifier_v0.env(render_mode="human")


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


def everything_said_about(game: Any, problem: Any) -> list[Any]:
    """All messages; in `arithmetic` all edits of the true solution, and the true lines with every answer."""
    if game.name != "arithmetic":
        return [np.array([message]) for message in range(game.message_choices[0])]
    true = encode(solve(problem))
    answers = [np.append(true[:-1], answer) for answer in range(VALUES)]
    return [*answers, *(encode(solve(problem, edit)) for edit in edits_of(game.steps))]


def told_by_the_answer(game: Any, view: Any, received: Any) -> bool:
    """An oracle for reviews: one line may hold although another does not, so only the true answer will do."""
    true = encode(solve(problem_of(view)))
    return bool(received[0] == game.steps and received[-1] == true[-1])


def all_parts_hold(game: Any, view: Any, received: Any) -> bool:
    return all(game.holds(view, received, part) for part in range(game.questions))


@pytest.mark.parametrize(
    ("name", "oracle"),
    [("bec_r", all_parts_hold), ("ftp_small", all_parts_hold), ("arithmetic", all_parts_hold),
     ("arithmetic_review", told_by_the_answer)],
)  # fmt: skip
def test_against_an_oracle_the_best_message_is_a_true_one(name: str, oracle: Any) -> None:
    """Completeness 1 and soundness error 0, by best response: every message is tried on every problem."""
    game, rng = make_game(name, **({"erasure": 0.0} if name == "bec_r" else {})), np.random.default_rng(0)
    accept, good = [], []
    for problem in (game.draw(rng) for _ in range(15)):
        said = everything_said_about(game, problem)
        view = game.verifier_view(problem)
        accept.append([oracle(game, view, game.receive(problem, message, rng)) for message in said])
        good.append([game.truth(problem, message) for message in said])
    assert best_response(accept, good) == (1.0, 0.0)


def test_no_claim_about_a_kitchen_gets_past_an_oracle() -> None:
    """Every plan, claim, deadline and style; the oracle plays the plan, the list tells the truth without playing it."""
    game = KitchenGame()
    moments, bank = draw_bank(game, np.random.default_rng(1), 2)
    accept = np.zeros(bank.real.shape)
    for i, c in np.argwhere(bank.real):
        accept[i, c] = game.correct(moments[i], bank.messages[i, c].astype(np.int64))
    for i in range(len(bank)):
        real = bank.real[i]
        assert best_response(accept[i : i + 1, real], bank.truth[i : i + 1, real]) == (1.0, 0.0)


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize(("verdict", "accepted"), [(ACCEPT, 1.0), (REJECT, 0.0)])
def test_verdicts_made_up_beforehand(game: str, verdict: int, accepted: float) -> None:
    """Accepting all is complete and unsound (1, 1), rejecting all incomplete and sound (0, 0)."""
    episodes = [
        episode
        for prover, sneaky in (("honest", 0.0), ("liar", 1.0))
        for episode in results(game, prover, lambda: Always(verdict), sneaky)
    ]
    split = Split(np.array([e.accept for e in episodes]), np.array([e.truth for e in episodes]), np.ones(len(episodes)))
    assert (split.completeness, split.fool_rate) == (accepted, accepted)


class Pooled:
    """A prover whose evidence is the same whether it should be accepted or not.

    In `arithmetic` there is none: all of the solution arrives, and a verifier can work it out.
    """

    def reset(self, seat: Seat) -> None:
        self.seat, self.rng = seat, np.random.default_rng(seat.seed)

    def act(self, observation: Any) -> Any:
        seat = self.seat
        if seat.game.name == "ftp_small":  # the darkest patch, which is never a plus
            return np.array([crops_of(seat.problem).sum(-1).argmin()])
        behaviour = "half_truth"  # A in the erasure channel, a line that holds in reviews
        if seat.game.name == "kitchen" and self.rng.random() < 0.5:
            behaviour = "honest"  # all checkpoints hold, of true claims and of false ones
        return seat.game.argue(seat.problem, behaviour, True, self.rng)  # type: ignore[arg-type]


class Bayes:
    """A verifier that decides by which verdict has been right more often for what arrives."""

    def __init__(self, episodes: list[Any]):
        self.counts: dict[bytes, int] = {}
        for episode in episodes:
            arrived = episode.said[0].received.tobytes()
            self.counts[arrived] = self.counts.get(arrived, 0) + (1 if episode.truth else -1)

    def reset(self, seat: Seat) -> None: ...

    def act(self, observation: Any) -> Any:
        arrived = received_in(observation)[-1].tobytes()
        return np.array([ACCEPT if self.counts.get(arrived, 0) > 0 else REJECT, 0])


@pytest.mark.parametrize(
    ("game", "verifier"),
    [
        *((game, name) for game in ("bec_r", "ftp_small", "arithmetic_review") for name in ("suspicious", "bayes")),
        ("kitchen", "suspicious"),
    ],
)
def test_a_prover_that_says_the_same_about_everything_tells_nothing(game: str, verifier: str) -> None:
    """Against pooled evidence no verdict does better than the larger class, up to chance."""
    protocol, count = ("looks", 24) if game == "kitchen" else ("adp", 400)
    env = prover_verifier_v0.env(game=game, protocol=protocol, sneaky=1.0)
    judge: Any = make_player("trusting" if verifier == "bayes" else verifier)
    if verifier == "bayes":  # it learns from other episodes
        seen = range(count, 2 * count)
        judge = Bayes([play_episode(env, {"prover": Pooled(), VERIFIER: judge}, seed) for seed in seen])
    episodes = [play_episode(env, {"prover": Pooled(), VERIFIER: judge}, seed) for seed in range(count)]
    truths, accuracy = [e.truth for e in episodes], np.mean([e.accept == e.truth for e in episodes])
    assert 0 < np.mean(truths) < 1
    larger, error = max(np.mean(truths), 1 - np.mean(truths)), np.sqrt(0.25 / len(truths))
    assert accuracy <= larger + 3 * error


def all_bits(observation: Any) -> bytes:
    """A score of an observation that nothing in it escapes."""
    return b"".join(key.encode() + np.asarray(observation[key]).tobytes() for key in sorted(observation))


def perturbed(name: str, monkeypatch: pytest.MonkeyPatch, shift: int) -> Any:
    """A game on whose channel another message arrives than the one that is sent."""
    game = make_game(name)
    received = game.receive
    monkeypatch.setattr(game, "receive", lambda *given: (received(*given) + shift) % (game.received_limit + 1))
    return game


DEAF = replace(PROTOCOLS["adp"], name="deaf", channels=(("main", ("prover",)),))


@pytest.mark.parametrize(
    ("name", "protocol"),
    [
        pytest.param(name, table, id=f"{table.name}-{name}")
        for table in (PROTOCOLS["solo"], DEAF, PROTOCOLS["adp"])
        for name in GAMES
        if make_game(name).fits(table)
    ],
)
def test_who_cannot_hear_a_message_observes_the_same_whatever_it_was(
    name: str, protocol: Protocol, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = set()
    for shift in (0, 1):
        env = ProverVerifierEnv(perturbed(name, monkeypatch, shift), protocol)
        env.reset(seed=1)
        message = env.game.argue(env.problem, "half_truth", True, np.random.default_rng(0))
        if protocol.provers:
            env.step(message)
        else:  # were there a message all the same, it would be here
            env.said.append(Said("prover", (), message, env.game.receive(env.problem, message, env.rng)))
        assert env.agent_selection == VERIFIER
        seen.add(all_bits(env.observe(VERIFIER)))
    assert len(seen) == (2 if protocol.name == "adp" else 1)


@EVERY
def test_the_role_never_reaches_the_verifier(game: str, protocol: str) -> None:
    seen = []
    for sneaky in (0.0, 1.0):
        env = prover_verifier_v0.env(game=game, protocol=protocol, sneaky=sneaky)
        env.reset(seed=5)
        observed = []
        for _ in range(6):  # what is said is the same, so that only the role could tell
            if env.agent_selection == VERIFIER:
                observed.append(env.observe(VERIFIER))
                assert set(observed[-1]) == {"problem", "transcript", "questions_left"}
                assert env.infos[VERIFIER] == {}
                if not env.questions_left:
                    break
                env.step(np.array([ASK, 0]))
            else:
                env.step(env.game.argue(env.problem, "half_truth", True, np.random.default_rng(0)))
        assert observed
        assert env.role == sneaky
        seen.append([all_bits(each) for each in observed])
    assert seen[0] == seen[1]
    env = prover_verifier_v0.env(game=game, protocol=protocol, verifier_sees_role=True)
    env.reset(seed=5)
    assert "role" in env.observe(VERIFIER)


def test_another_moment_is_another_truth_wherever_it_lies_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A moment that is gone may leave its `id` to the next one."""
    game, rng = KitchenGame(), np.random.default_rng(0)
    first, second = game.draw(rng), game.draw(rng)
    message = game.argue(first, "honest", True, rng)
    monkeypatch.setattr(kitchen_game, "id", lambda problem: 7, raising=False)
    traces = [game.trace(moment, message) for moment in (first, second, first)]
    assert (traces[0].items == traces[2].items).all()
    assert (traces[1].items[0] == second.state.item[0]).all()
    assert (traces[1].items[0] != first.state.item[0]).any()
    assert game.trace(first, message) is traces[2]


@pytest.mark.parametrize("checkpoints", [1, 2, 3])
def test_claims_have_as_many_checkpoints_as_the_game_says(checkpoints: int) -> None:
    game, rng = KitchenGame(checkpoints=checkpoints, noise=1.0), np.random.default_rng(0)
    moment = game.draw(rng)
    for behaviour in ("honest", "liar", "half_truth"):
        message = game.argue(moment, behaviour, True, rng)  # type: ignore[arg-type]
        claim = game.decode(game.check(message))
        given = len(claim.checkpoints)
        assert game.questions == checkpoints
        assert given == checkpoints if behaviour == "liar" else 0 < given <= checkpoints  # others may find fewer facts
        assert (game.encode(claim) == message).all()
        held = [bool(game.look(moment, message, point)[0]) for point in range(given)]
        assert held == [behaviour != "liar"] * given
        arrived = game.receive(moment, message, rng)  # all checkpoints are lost, and nothing else
        assert (arrived[: game.point_at(0)] == message[: game.point_at(0)]).all()
        assert (arrived[game.point_at(0) :] == -1).all()
        assert len(arrived) - game.point_at(0) == 3 * checkpoints
    with pytest.raises(BrigadeError, match=f"has {checkpoints + 1} checkpoints, expected at most {checkpoints}"):
        game.encode(replace(claim, checkpoints=claim.checkpoints[:1] * (checkpoints + 1)))


@pytest.mark.parametrize("kitchen", ["new_counter_circuit", "new_asymmetric_advantages", "salad_bar"])
def test_what_a_prover_knows_of_its_plan_is_true_of_what_arrives(kitchen: str) -> None:
    """State machines often do more within a claim's time than a claim has room for."""
    game, rng = KitchenGame(kitchen), np.random.default_rng(0)
    for moment in (game.draw(rng) for _ in range(8)):
        for behaviour in ("honest", "liar", "half_truth"):
            claim = claim_of(game.engine, moment, behaviour, game.engine.reach(VERIFIER_SEAT, moment), rng)  # type: ignore[arg-type]
            message = game.encode(claim)
            assert game.decode(message) == claim
            assert game.correct(moment, message) == (behaviour == "honest")
            assert read_claim(claim_json(claim, game.kitchen), game.kitchen, game.words) == claim
    too_long = (*claim.plan[:1], tuple(Planned(game.words[0], start) for start in range(7)))
    with pytest.raises(BrigadeError, match="the plan has 7 macro actions for a chef, expected at most 6"):
        game.encode(replace(claim, plan=too_long))


def moment_with_service(game: KitchenGame) -> tuple[Moment, Claim]:
    """A moment after which something is served by state machines, and the claim that it will be."""
    rng = np.random.default_rng(0)
    for moment in (game.draw(rng) for _ in range(20)):
        plan = game.engine.draw_plan(moment)
        for tick, dish, cell in game.engine.play(moment, plan).served:
            by = -(-tick // 5) * 5
            return moment, Claim("served", dish, by, plan, (Checkpoint(cell, tick, dish),))
    raise AssertionError("nothing is ever served")


def test_a_replay_finds_out_whose_dish_is_paid_for() -> None:
    game = KitchenGame()
    moment, claim = moment_with_service(game)
    trace = game.engine.play(moment, claim.plan)
    rows = np.concatenate([moment.actions, trace.actions[: trace.served[0][0]]]).tolist()
    assert sorted(_sells(moment, rows, seat) for seat in range(game.kitchen.chefs)) == [False, True]
    assert not any(_sells(moment, rows[:-1], seat) for seat in range(game.kitchen.chefs))


@pytest.mark.parametrize("kitchen", ["new_counter_circuit", "salad_bar"])
def test_a_dish_is_a_checkpoint_where_and_when_it_is_handed_out(kitchen: str) -> None:
    game = KitchenGame(kitchen)
    moment, claim = moment_with_service(game)
    (point,), trace = claim.checkpoints, game.engine.play(moment, claim.plan)
    assert game.kitchen.cookbook.spec.tiles[game.kitchen.tile_names[point.cell]].serves
    assert point.cell in game.engine.windows()
    other = next(dish for dish in game.kitchen.order_dishes if dish != point.item)
    wrong = (replace(point, tick=point.tick + 1), replace(point, cell=point.cell - 1), replace(point, item=other))
    assert [game.engine.passes(each, trace) for each in (point, *wrong)] == [True, False, False, False]
    message = game.check(game.encode(replace(claim, checkpoints=(*wrong[:2], point))))
    assert [bool(game.look(moment, message, part)[0]) for part in range(3)] == [False, False, True]


def test_what_settles_a_claim_is_the_claim_itself_in_time() -> None:
    game = KitchenGame()
    moment, served = moment_with_service(game)
    view, reach = game.verifier_view(moment), game.engine.reach(VERIFIER_SEAT, moment)
    near, far = reach[0], next(cell for cell in range(game.cells) if cell not in reach)
    lies = Claim("in_reach", "beef", 20, served.plan)
    (out,) = served.checkpoints
    points = {
        served: {out: True, replace(out, cell=far): True, replace(out, tick=served.by + 1): False,
                 replace(out, item="beef"): False},
        lies: {Checkpoint(near, 20, "beef"): True, Checkpoint(near, 21, "beef"): False,
               Checkpoint(far, 20, "beef"): False, Checkpoint(near, 20, "lettuce"): False},
        replace(lies, item=out.item): {replace(out, cell=near, tick=1): False},
        replace(lies, item="nothing"): {Checkpoint(near, 1, "nothing"): False},
    }  # fmt: skip
    for claim, expected in points.items():
        for point, settles in expected.items():
            message = game.encode(replace(claim, checkpoints=(point,)))
            assert [game.settles(view, message, part) for part in range(3)] == [settles, False, False]


class Says:
    """A prover that makes one claim."""

    def __init__(self, claim: Claim):
        self.claim = claim

    def reset(self, seat: Seat) -> None:
        self.message = seat.game.encode(self.claim)  # type: ignore[attr-defined]

    def act(self, observation: Any) -> Any:
        return self.message


def test_the_exacting_verifier_looks_at_nothing_but_what_settles_the_claim() -> None:
    env = prover_verifier_v0.env(game="kitchen", protocol="looks", sneaky=0.0)
    env.reset(seed=1)
    game, rng = env.game, np.random.default_rng(0)
    claim = game.decode(game.argue(env.problem, "honest", True, rng))
    trace, reach = game.engine.play(env.problem, claim.plan), game.engine.reach(VERIFIER_SEAT, env.problem)
    shown = [p for p in claim.checkpoints if p.item == claim.item]
    beside = [p for p in claim.checkpoints if p.item != claim.item]
    made_up = false_points(game.engine, trace, claim.by, reach, rng, 2)
    forged = replace(shown[0], cell=shown[0].cell, tick=shown[0].tick - 1)
    for points, met in (
        ((*made_up, shown[0]), (True, 1)), (tuple(beside), (False, 0)), (made_up, (False, 0)), ((), (False, 0)),
        ((forged, *beside), (False, 1)),
    ):  # fmt: skip
        pair = {"prover": Says(replace(claim, checkpoints=points)), VERIFIER: make_player("exacting")}
        episode = play_episode(env, pair, 1)
        assert (episode.accept, episode.questions) == met
    blind = prover_verifier_v0.env(game="kitchen", protocol="looks", sneaky=0.0, questions=0)
    assert not play_episode(blind, {"prover": make_player("honest"), VERIFIER: make_player("exacting")}, 1).accept


@pytest.mark.parametrize("name", [name for name in GAMES if name != "kitchen"])
def test_where_nothing_can_be_looked_at_the_exacting_verifier_is_the_suspicious_one(name: str) -> None:
    for prover in ("honest", "half_truth"):
        told = [results(name, prover, verifier, 1.0, 10) for verifier in ("exacting", "suspicious")]
        assert [e.accept for e in told[0]] == [e.accept for e in told[1]]


def test_looks_are_as_many_as_the_environment_says() -> None:
    pair = {"prover": make_player("honest"), VERIFIER: make_player("suspicious")}
    usual = prover_verifier_v0.env(game="kitchen", protocol="looks", sneaky=0.0)
    seed = next(seed for seed in range(20) if play_episode(usual, pair, seed).questions == 3)
    for questions, looked in ((0, 0), (1, 1), (2, 2), (None, 3)):
        env = prover_verifier_v0.env(game="kitchen", protocol="looks", sneaky=0.0, questions=questions)
        episode = play_episode(env, pair, seed)
        assert (episode.questions, episode.accept) == (looked, looked > 0)
    few = prover_verifier_v0.env(game=KitchenGame(checkpoints=1), protocol="looks", questions=5)
    assert few.action_space(VERIFIER).nvec.tolist() == [3, 1]  # type: ignore[attr-defined]
    assert play_episode(few, pair, seed).questions == 1
    assert prover_verifier_v0.env(game="bec_r", protocol="nip", questions=2).protocol.messages == 4


@pytest.mark.parametrize("protocol", ["adp", "nip", "pvd"])
@pytest.mark.parametrize("verifier", ["suspicious", "spot_checker", "exacting"])
def test_who_would_look_rejects_where_nothing_can_be_looked_at(protocol: str, verifier: str) -> None:
    for prover, sneaky in (("honest", 0.0), ("liar", 1.0)):
        assert not any(e.accept for e in results("kitchen", prover, verifier, sneaky, protocol=protocol))


def gapped(game: KitchenGame, message: Any, rng: np.random.Generator) -> Any:
    """The same claim with up to two of its checkpoints, at other places, so that places before them stay empty."""
    begin = game.point_at(0)
    points = message[begin:].reshape(game.checkpoints, 3)
    kept, moved = rng.permutation(game.checkpoints)[:2], rng.permutation(game.checkpoints)[:2]
    changed = np.zeros_like(points)
    changed[moved] = points[kept]
    return np.append(message[:begin], changed)


def test_a_question_is_about_the_checkpoint_of_its_place() -> None:
    game, rng = KitchenGame(), np.random.default_rng(0)
    moment = game.draw(rng)
    bank, patterns = candidates_of(game, moment, rng), set[tuple[bool, ...]]()
    for candidate in rng.choice(np.flatnonzero(bank.real[0]), 200):
        message = gapped(game, bank.messages[0, candidate].astype(np.int64), rng)
        points = message[game.point_at(0) :].reshape(1, 3, 3).astype(np.int16)
        given, passes = kitchen_bank._checked(game, points, game.trace(moment, message))
        assert [bool(game.look(moment, message, part)[0]) for part in range(3)] == passes[0].tolist()
        patterns.add((*given[0].tolist(), *passes[0].tolist()))
    assert len(patterns) > 12


def test_the_exacting_verifier_is_not_fooled_by_empty_places() -> None:
    env = prover_verifier_v0.env(game="kitchen", protocol="looks")
    env.reset(seed=3)
    game, rng = env.game, np.random.default_rng(0)
    bank, verdicts = candidates_of(game, env.problem, rng), list[tuple[bool, bool]]()
    telling = np.flatnonzero(bank.real[0] & bank.settles[0].any(-1))
    for candidate in rng.choice(telling, 120, replace=False):
        message = gapped(game, bank.messages[0, candidate].astype(np.int64), rng)
        episode = play_episode(env, {"prover": Saying(message), VERIFIER: make_player("exacting")}, 3)
        verdicts.append((episode.truth, episode.accept))
    assert set(verdicts) == {(True, True), (True, False), (False, False)}


class Asks:
    """A verifier that looks at every place, and then rejects."""

    def reset(self, seat: Seat) -> None: ...

    def act(self, observation: Any) -> Any:
        left = int(observation["questions_left"])
        return np.array([ASK, 3 - left] if left else [REJECT, 0])


def test_a_look_tells_nothing_of_a_checkpoint_that_was_lost() -> None:
    seen = set()
    for noise in (0.0, 0.5, 1.0):
        env = prover_verifier_v0.env(game=KitchenGame(noise=noise), protocol="looks", sneaky=0.0)
        for seed in range(4):
            argument, *rest = play_episode(env, {"prover": make_player("honest"), VERIFIER: Asks()}, seed).said
            answers = [bool(said.sent[0]) for said in rest if said.speaker == WORLD]
            arrived = [argument.received[env.game.point_at(part) + 1] > 0 for part in range(3)]
            assert answers == arrived  # all that the honest prover sends is so
            seen.add((noise, sum(answers) > 0))
    assert seen >= {(0.0, True), (0.5, True), (1.0, False)}
    assert (1.0, True) not in seen


def test_every_deadline_lies_within_the_episode() -> None:
    for horizon in (80, 100, 130):
        game, rng = KitchenGame(load_kitchen("new_counter_circuit", horizon)), np.random.default_rng(0)
        ticks = [int(game.draw(rng).state.tick[0]) for _ in range(20)]
        assert 20 <= min(ticks) <= max(ticks) <= horizon - 60
    with pytest.raises(BrigadeError, match="episodes of 79 ticks, expected at least 80"):
        KitchenGame(load_kitchen("new_counter_circuit", 79))


@pytest.mark.parametrize("kitchen", ["new_counter_circuit", "new_asymmetric_advantages", "salad_bar"])
def test_moments_of_bundled_kitchens_stay_what_they_are(kitchen: str) -> None:
    game, rng = KitchenGame(kitchen), np.random.default_rng(0)
    moments = [game.draw(rng) for _ in range(3)]
    drawn = [(moment.seed, int(moment.state.tick[0])) for moment in moments]
    assert drawn == [(1826701615, 134), (1097657232, 68), (661058652, 27)]


def test_both_sides_see_every_open_order() -> None:
    game, rng, most = KitchenGame(), np.random.default_rng(0), 0
    for moment in (game.draw(rng) for _ in range(8)):
        told = [(game.items.index(order["dish"]), order["ticks_left"]) for order in moment.seen["orders"]]
        most = max(most, len(told))
        for view in (game.prover_view(moment), game.verifier_view(moment)):
            orders = view[game.cells : -game.kitchen.chefs].reshape(-1, 2).astype(int).tolist()
            assert [tuple(order) for order in orders if order[0] >= 0] == told
    assert most == game.order_room == game.kitchen.spec.orders.open


CLAIM = {"kind": "in_reach", "item": "beef", "by": 30, "plan": [[], []]}
POINT = {"at": [3, 2], "tick": 5, "item": "beef"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "served"}, "beef is no dish"),
        ({"item": "BeefBurger"}, "BeefBurger never lies anywhere"),
        ({"item": "nothing"}, "nothing never lies anywhere"),
        ({"note": "it is 5 ticks, really"}, "unknown field of a claim 'note'"),
        ({"check_points": []}, "did you mean 'checkpoints'?"),
        ({"checkpoints": [{**POINT, "ticks": 9}]}, "unknown field of a checkpoint 'ticks'; did you mean 'tick'?"),
        ({"plan": [[{"macro": "clear_counter()", "begin": 3}], []]}, "unknown field of a plan's step 'begin'"),
        ({"plan": [[{"macro": "clear_counter()", "start": True}], []]}, "starts at True"),
        ({"checkpoints": [{**POINT, "tick": True}]}, "tick True"),
        ({"checkpoints": [{**POINT, "at": [True, True]}]}, "is not a cell"),
        ({"by": True}, "by is True"),
    ],
)
def test_claims_that_mean_nothing_are_refused(change: dict[str, Any], words: str) -> None:
    game = KitchenGame()
    read_claim({**CLAIM, "checkpoints": [POINT]}, game.kitchen, game.words)
    with pytest.raises(BrigadeError) as caught:
        read_claim({**CLAIM, **change}, game.kitchen, game.words)
    assert words in str(caught.value)


def test_claims_of_the_wrong_kind_are_false() -> None:
    """Numbers can say them; whatever comes of the plan, they are not so."""
    game = KitchenGame()
    moment, served = moment_with_service(game)
    dishes = set(game.kitchen.cookbook.orderable)
    for item in game.items:
        wrong = Claim("in_reach" if item in dishes or item == "nothing" else "served", item, 60, served.plan)
        assert not game.correct(moment, game.encode(wrong))


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


@pytest.mark.parametrize(("game", "neutral"), [("arithmetic", True), ("kitchen", True), ("arithmetic_review", False)])
def test_a_verdict_on_no_solution_pays_nobody(game: str, neutral: bool) -> None:
    for confidence, unknowing in ((False, 0.0), (True, -0.25)):
        env = prover_verifier_v0.env(game=game, protocol="nip", sneaky=0.0, confidence=confidence)
        env.reset(seed=1)
        env.step(np.array([REJECT, 0, 0][: 2 + confidence]))
        if neutral:
            assert env.rewards == {"prover": 0.0, VERIFIER: unknowing}
        elif not confidence:
            assert abs(env.rewards[VERIFIER]) == 1.0
    assert make_game(game).fits(PROTOCOLS["solo"]) != neutral


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
        (lambda: make_game("kitchen", checkpoints=4), "checkpoints is 4, expected 1 to 3"),
        (lambda: prover_verifier_v0.env(protocol="nip", questions=-1), "questions: -1, expected 0 or more"),
        (lambda: prover_verifier_v0.env(protocol="adp", questions=2), "under protocol 'adp' nobody answers any"),
        (lambda: prover_verifier_v0.env(options={"noise": 1.5}), "unexpected keyword"),
        (lambda: prover_verifier_v0.env(game=make_game("bec_r"), options={"erasure": 0.2}), "given by name"),
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


def test_options_are_those_of_the_game() -> None:
    env = prover_verifier_v0.env(game="kitchen", protocol="looks", options={"checkpoints": 2, "noise": 0.5})
    assert (env.game.checkpoints, env.game.noise) == (2, 0.5)
    assert prover_verifier_v0.side_env(options={"erasure": 0.25}).world.game.erasure == 0.25


def test_a_verdict_that_is_none_changes_nothing() -> None:
    env = ProverVerifierEnv("bec_r", "solo")
    env.reset(seed=0)
    with pytest.raises(BrigadeError, match="0 reject, 1 accept"):
        env.step("maybe")
    assert not env.terminations[VERIFIER]


class Leaves(ScriptedProver):
    """A player who ends the program, in the way that it is made for."""

    def __init__(self, when: str):
        super().__init__("honest")
        self.when = when

    def reset(self, seat: Seat) -> None:
        super().reset(seat)
        if self.when == "being reset":
            sys.exit("gone")

    def act(self, observation: Any) -> Any:
        sys.exit("gone")


@pytest.mark.parametrize("when", ["being reset", "acting"])
def test_a_player_who_ends_the_program_is_named(when: str) -> None:
    told = rf"the player of prover \(Leaves\): SystemExit while {when}: gone \(test_pvg_games.py, line"
    with pytest.raises(AgentFault, match=told):
        prover_verifier_v0.side_env(game="bec_r", others={"prover": Leaves(when)}).reset(seed=0)
    with pytest.raises(AgentFault, match=told):
        play_episode(ProverVerifierEnv("bec_r"), {"prover": Leaves(when), VERIFIER: make_player("spot_checker")}, 0)

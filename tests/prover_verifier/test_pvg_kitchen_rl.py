"""`kitchen_rl`: what is listed is true, players see no more than they may, and training does what it is for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

import brigade  # noqa: F401  # registers who can follow plans
from brigade.envs.prover_verifier.aec import ProverVerifierEnv
from brigade.envs.prover_verifier.games.kitchen_game import VERIFIER_SEAT, KitchenGame
from brigade.envs.prover_verifier.kitchen.claims import CHECKPOINTS
from brigade.envs.prover_verifier.kitchen.forward import Moment, replayed
from brigade.envs.prover_verifier.play import play_episode
from brigade.envs.prover_verifier.players import (
    ACCEPT,
    ASK,
    REJECT,
    SPEAKERS,
    Observation,
    Seat,
    make_player,
    received_in,
)
from brigade.envs.prover_verifier.protocol import WORLD
from brigade.experiments.prover_verifier.kitchen.bank import (
    FORGED,
    MADE_UP,
    SHOWN,
    Candidates,
    candidates_of,
    draw_bank,
    scripted,
)
from brigade.experiments.prover_verifier.kitchen.judges import (
    against,
    at_best,
    exacting_judge,
    judge_all,
    scripted_judge,
    scripted_judges,
)
from brigade.experiments.prover_verifier.kitchen.live import Saying
from brigade.experiments.prover_verifier.outcome import Checkpoints, Outcome

COST = 0.05
Drawn = tuple[KitchenGame, list[Moment], Candidates]


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    game = KitchenGame()
    return game, *draw_bank(game, np.random.default_rng(5), 12)


def sample_of(bank: Candidates, count: int, seed: int = 0) -> Iterator[tuple[int, int]]:
    rng = np.random.default_rng(seed)
    for problem in range(len(bank)):
        for candidate in rng.choice(np.flatnonzero(bank.real[problem]), count, replace=False):
            yield problem, int(candidate)


def test_what_is_listed_is_what_the_engine_says(drawn: Drawn) -> None:
    game, moments, bank = drawn
    for problem, candidate in sample_of(bank, 12):
        moment, message = moments[problem], game.check(bank.messages[problem, candidate])
        assert game.correct(moment, message) == bank.truth[problem, candidate]
        passes = [bool(game.look(moment, message, point)[0]) for point in range(3)]
        assert passes == bank.passes[problem, candidate].tolist()


def test_what_is_listed_is_what_happens_in_a_fresh_episode(drawn: Drawn) -> None:
    game, moments, bank = drawn
    for problem, candidate in sample_of(bank, 2, seed=1):
        moment, message = moments[problem], bank.messages[problem, candidate].astype(np.int64)
        reach = game.engine.reach(VERIFIER_SEAT, moment)
        told = replayed(moment, game.decode(message), game.trace(moment, message), reach)
        assert told == bank.truth[problem, candidate]


def test_scripted_provers_among_what_is_listed(drawn: Drawn) -> None:
    bank = drawn[2]
    for behaviour, true, held in (("honest", True, True), ("liar", False, False), ("half_truth", False, True)):
        policy = scripted(bank, behaviour)  # type: ignore[arg-type]
        assert policy.sum(-1) == pytest.approx(np.ones(len(bank)))
        assert set(bank.truth[policy > 0]) == {true}
        assert set((bank.passes == bank.given).all(-1)[policy > 0]) == {held}
        assert set((bank.settles & bank.passes).any(-1)[policy > 0]) == {true}  # the honest one shows the claim itself


def test_scripted_provers_say_what_is_listed_for_them(drawn: Drawn) -> None:
    game, moments, bank = drawn
    for behaviour in ("honest", "liar", "half_truth"):
        policy = scripted(bank, behaviour)  # type: ignore[arg-type]
        for i, moment in enumerate(moments[:3]):
            heads = {row[: game.point_at(0)].tobytes() for row in bank.messages[i, policy[i] > 0].astype(np.int64)}
            view = bank.views[i]
            for seed in range(4):
                message = game.argue(moment, behaviour, True, np.random.default_rng(seed))  # type: ignore[arg-type]
                assert message[: game.point_at(0)].tobytes() in heads
                shows = any(game.settles(view, message, p) and game.look(moment, message, p)[0] for p in range(3))
                assert shows == (behaviour == "honest")


def test_false_claims_have_no_witness(drawn: Drawn) -> None:
    """What is shown in time settles the claim; what is forged never holds."""
    bank = drawn[2]
    shown = bank.real & (bank.style == SHOWN)
    assert (bank.passes == bank.given).all(-1)[shown].all()
    assert (bank.settles.any(-1) == bank.truth)[shown].all()
    forged = bank.real & (bank.style == FORGED)
    assert not bank.truth[forged].any()
    assert bank.settles.any(-1)[forged].all()
    made_up = bank.real & (bank.style == MADE_UP)
    assert not bank.passes[made_up].any()


def test_judging_by_hand(drawn: Drawn) -> None:
    bank = drawn[2]
    passing, given = bank.passes.sum(-1), bank.given.sum(-1)
    once, every = (judge_all(scripted_judge(looks), bank) for looks in (1, None))
    assert once.accept[bank.real] == pytest.approx((passing / given.clip(1))[bank.real])
    assert once.looks[bank.real].tolist() == (given[bank.real] > 0).tolist()
    assert every.accept[bank.real].tolist() == ((passing == given) & (given > 0))[bank.real].tolist()
    one_of_three_fails = bank.real & (given == 3) & (passing == 2)
    assert every.looks[one_of_three_fails] == pytest.approx((1 + 2 + 3) / 3)
    assert against(once, bank, scripted(bank, "honest"), COST)["verifier's reward"] == pytest.approx(1 - COST)


def test_looking_at_checkpoints_alone_is_unsound(drawn: Drawn) -> None:
    for looks in (0, 1, None):
        figures = at_best(judge_all(scripted_judge(looks), drawn[2]), drawn[2], COST)
        assert figures["soundness error, best response"] == figures["completeness, best response"] == 1.0


@pytest.mark.parametrize("kitchen", ["new_counter_circuit", "salad_bar"])
def test_accepting_only_what_a_look_settles_is_sound_and_complete(kitchen: str) -> None:
    """No false claim gets past it, and every true one does if it is shown; whatever is said, in every moment."""
    bank = draw_bank(KitchenGame(kitchen), np.random.default_rng(3), 8)[1]
    judged = judge_all(exacting_judge, bank)
    assert not judged.accept[~bank.truth].any()
    assert (judged.accept[bank.truth & (bank.style == SHOWN)] == 1).all()
    figures = at_best(judged, bank, COST)
    assert figures["completeness, best response"] == 1.0
    assert figures["soundness error, best response"] == 0.0
    assert against(judged, bank, scripted(bank, "honest"), COST)["verifier's reward"] == pytest.approx(1 - COST)
    assert judged.looks.max() == 1


def test_the_exacting_verifier_does_in_the_environment_what_it_does_on_the_list() -> None:
    env = ProverVerifierEnv("kitchen", "looks", question_cost=COST)
    env.reset(3)
    bank = candidates_of(env.game, env.problem, np.random.default_rng(0))
    judged = judge_all(exacting_judge, bank)
    met = set()
    for _, candidate in sample_of(bank, 40):
        prover = Saying(bank.messages[0, candidate].astype(np.int64))
        episode = play_episode(env, {"prover": prover, "verifier": make_player("exacting")}, 3)
        met.add((episode.accept, episode.questions))
        assert (episode.accept, episode.questions) == (judged.accept[0, candidate], judged.looks[0, candidate])
        reward = judged.reward(bank.truth, COST)[0, candidate]
        assert episode.rewards["verifier"] == pytest.approx(reward)
    assert met == {(False, 0), (False, 1), (True, 1)}


torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'brigade[rl]'")

from brigade.experiments.prover_verifier.kitchen import players as kitchen_players  # noqa: E402
from brigade.experiments.prover_verifier.kitchen import rl as kitchen_rl  # noqa: E402
from brigade.experiments.prover_verifier.kitchen import rounds as kitchen_rounds  # noqa: E402
from brigade.experiments.prover_verifier.kitchen import training as kitchen_training  # noqa: E402

TINY = kitchen_training.TrainingSpec(
    verifier_updates=25, games=64, verifier_hidden=32, prover_updates=40, batch=16, offered=128
)


class VerifierPlayer:
    """A learned verifier as a player under the protocol `looks`."""

    def __init__(self, verifier: kitchen_players.LearnedVerifier):
        self.verifier = verifier

    def reset(self, seat: Seat) -> None:
        pass

    @torch.no_grad()
    def act(self, observation: Observation) -> NDArray[np.int64]:
        answers = torch.full((1, CHECKPOINTS), -1.0)
        for row in received_in(observation, (SPEAKERS[WORLD],)):
            answers[0, int(row[1])] = float(row[0])
        message = torch.from_numpy(np.stack(received_in(observation)[-1:]))
        view = torch.from_numpy(np.asarray(observation["problem"])[None])
        logits = self.verifier.logits(self.verifier.reader(message, view, answers))
        chosen = int(logits[:, : None if observation["questions_left"] else ASK].argmax())
        if chosen >= ASK:
            return np.array([ASK, chosen - ASK], np.int64)
        return np.array([ACCEPT if chosen == ACCEPT else REJECT, 0], np.int64)


def test_listed_games_are_those_of_the_environment() -> None:
    """The verifier does in the environment, from what it observes there, what it does on the list."""
    env = ProverVerifierEnv("kitchen", "looks", question_cost=COST)
    env.reset(3)
    bank = candidates_of(env.game, env.problem, np.random.default_rng(0))
    torch.manual_seed(1)
    verifier = kitchen_players.LearnedVerifier(kitchen_players.Reader(env.game), 8)
    players = {
        "trusting": (scripted_judge(0), make_player("trusting")),
        "suspicious": (scripted_judge(None), make_player("suspicious")),
        "learned": (verifier.judge, VerifierPlayer(verifier)),
    }
    looked = set()
    for name, (judge, player) in players.items():
        judged = judge_all(judge, bank)
        for _, candidate in sample_of(bank, 8):
            message = bank.messages[0, candidate].astype(np.int64)
            episode = play_episode(env, {"prover": Saying(message), "verifier": player}, 3)
            assert episode.accept == judged.accept[0, candidate]
            assert episode.truth == bank.truth[0, candidate]
            if name == "learned" or not bank.passes[0, candidate].any() or episode.accept:
                looked.add(episode.questions)
                assert episode.questions == judged.looks[0, candidate]
                reward = judged.reward(bank.truth, COST)[0, candidate]
                assert episode.rewards["verifier"] == pytest.approx(reward)
    assert len(looked) > 1


def test_the_truth_never_reaches_the_verifier(drawn: Drawn) -> None:
    game, _, bank = drawn
    torch.manual_seed(1)
    verifier = kitchen_players.LearnedVerifier(kitchen_players.Reader(game), 8)
    turned = replace(bank, truth=~bank.truth, first=61 - bank.first, style=3 - bank.style, plan=bank.plan * 0)
    assert np.array_equal(judge_all(verifier.judge, bank).accept, judge_all(verifier.judge, turned).accept)
    prover = kitchen_players.LearnedProver(verifier.reader, 8)
    assert not np.array_equal(prover.policy(bank), prover.policy(turned))
    assert not prover.policy(bank)[~bank.real].any()


@pytest.fixture(scope="module")
def split() -> tuple[KitchenGame, Candidates, Candidates]:
    game = KitchenGame()
    train, test = (draw_bank(game, np.random.default_rng(count), count)[1] for count in (24, 12))
    return game, train, test


def test_a_trained_verifier_beats_the_trusting_one(split: tuple[KitchenGame, Candidates, Candidates]) -> None:
    """On moments that it has not seen; and no prover does better than the best response."""
    game, train, test = split
    reader = kitchen_players.Reader(game)
    sayings = [kitchen_training.Sayings(scripted(train, who)) for who in ("honest", "liar")]  # type: ignore[arg-type]
    verifier = kitchen_training.train_verifier(reader, train, kitchen_training.Pool(*sayings), TINY, 0)
    judged = judge_all(verifier.judge, test)
    rewards = [against(judged, test, scripted(test, who), COST)["verifier's reward"] for who in ("honest", "liar")]  # type: ignore[arg-type]
    assert sum(rewards) / 2 > 0.3  # accepting or rejecting everything: 0
    prover = kitchen_training.train_prover(reader, train, verifier.judge, False, TINY, 0)
    fooled = (prover.policy(test) * judged.accept * ~test.truth).sum(-1).mean()
    assert at_best(judged, test, COST)["soundness error, best response"] >= fooled


def test_a_sneaky_prover_finds_what_spot_checks_miss(split: tuple[KitchenGame, Candidates, Candidates]) -> None:
    game, train, test = split
    judge = scripted_judge(1)
    reader, judged = kitchen_players.Reader(game), judge_all(judge, test)
    prover = kitchen_training.train_prover(reader, train, judge, False, TINY, 0, attack=True)
    met = against(judged, test, prover.policy(test), COST)
    before = against(judged, test, kitchen_players.LearnedProver(reader, 32).policy(test), COST)
    assert met["claims that are true"] < 0.1
    assert met["accepted when false"] > 0.8 > 0.7 > before["accepted when false"]


def test_acting_against_the_role_pays_less_than_anything_else() -> None:
    with pytest.raises(ValidationError, match="less than 0"):
        kitchen_training.TrainingSpec(low=0.0)


def test_what_is_drawn_is_what_is_said() -> None:
    weights = np.array([[0.0, 3.0, 1.0, 0.0], [2.0, 0.0, 0.0, 0.0]])
    problems = np.repeat([0, 1], 4000)
    chosen = kitchen_training.Sayings(weights).draw(problems, np.random.default_rng(0))
    assert set(chosen[problems == 1]) == {0}
    assert set(chosen[problems == 0]) == {1, 2}
    assert (chosen[problems == 0] == 1).mean() == pytest.approx(0.75, abs=0.03)


def _check_comparison(outcome: Outcome) -> None:
    """What the summary says of sneaky provers and of accuracy is what the other tables and figures say."""
    summary, rewards = outcome.tables["summary"], outcome.tables["verifier's reward"]
    alone = {name: row["reward, sneaky against it"] for name, row in summary.items()}
    assert alone == {name: rewards[name]["sneaky, against it"] for name in summary}
    best = max(alone[name] for name in scripted_judges())  # type: ignore[type-var]
    margin = outcome.figures["margin over the best scripted, reward, sneaky against it"]
    assert margin == pytest.approx(alone["trained"] - best)  # type: ignore[operator]
    for name, row in outcome.tables["accuracy by type, provers against it"].items():
        either = [outcome.tables["accuracy"][name][f"{role}, against it"] for role in ("helpful", "sneaky")]
        assert row["all"] == pytest.approx(sum(either) / 2)  # type: ignore[arg-type]
    assert outcome.figures["trained: accuracy, collapsed"] == row["collapsed"]


def test_learned_players_with_fewer_checkpoints_and_looks() -> None:
    """They do in the environment what they do on the list, and never look more often than they may."""
    for checkpoints, looks in ((1, 1), (2, 1), (3, 0)):
        env = ProverVerifierEnv(KitchenGame(checkpoints=checkpoints), "looks", questions=looks)
        env.reset(3)
        bank = candidates_of(env.game, env.problem, np.random.default_rng(0))
        torch.manual_seed(1)
        verifier = kitchen_players.LearnedVerifier(kitchen_players.Reader(env.game), 8, looks)
        player, judged = VerifierPlayer(verifier), judge_all(verifier.judge, bank)
        assert judged.looks.max() <= looks
        for _, candidate in sample_of(bank, 4):
            prover = Saying(bank.messages[0, candidate].astype(np.int64))
            episode = play_episode(env, {"prover": prover, "verifier": player}, 3)
            assert (episode.accept, episode.questions) == (judged.accept[0, candidate], judged.looks[0, candidate])


def test_lost_checkpoints_are_as_good_as_not_given(drawn: Drawn) -> None:
    bank = drawn[2]
    for noise, arriving in ((1.0, 0.0), (0.5, 0.5), (0.0, 1.0)):
        reader = kitchen_players.Reader(KitchenGame(noise=noise))
        everything = kitchen_training.Sayings((bank.real & bank.given.all(-1)).astype(np.float64))
        pool = kitchen_training.Pool(everything, everything)
        games = kitchen_training.Games(bank, pool, reader, TINY, np.random.default_rng(0))
        given = games.observe()[:, kitchen_players.GIVEN]
        assert float(given.mean()) == pytest.approx(arriving, abs=0.1)
        assert torch.equal(given.bool(), torch.from_numpy(~games.lost))


def test_training_with_other_settings_of_the_game() -> None:
    small = {"verifier_updates": 3, "games": 16, "prover_updates": 3, "batch": 8, "offered": 16}
    made = {"rounds": 1, "train": 4, "test": 3, "training": small, "noise": 0.2, "checkpoints": 1, "looks": 1}
    outcome = kitchen_rl.play(kitchen_rounds.KitchenRLSettings.model_validate(made), [0], Checkpoints(None, ""))[0]
    assert all(looks <= 1 for row in outcome.tables["looks"].values() for looks in row.values())  # type: ignore[operator]
    # a checkpoint that settles the claim, the only one there is, arrives four times out of five
    assert outcome.tables["accepted"]["exacting"]["honest"] == pytest.approx(0.8)
    _check_comparison(outcome)


def test_rounds_go_on_where_they_stopped(tmp_path: Path) -> None:
    small = {"verifier_updates": 3, "games": 16, "prover_updates": 3, "batch": 8, "offered": 16}
    settings = kitchen_rounds.KitchenRLSettings(rounds=2, train=6, test=4, training=small)
    whole = kitchen_rl.play(settings, [0], Checkpoints(None, ""))[0]
    assert len(whole.curves["fool rate"]) == 2
    assert np.shape(whole.matrices["cross fool rate"]) == (2, 2)
    assert set(whole.tables["summary"]) == {*scripted_judges(), "trained"}
    _check_comparison(whole)
    assert whole.tables["accuracy"]["trusting"]["liar"] == 0.0
    checkpoints = Checkpoints(tmp_path / "state.pt", "kitchen")
    kitchen_rl.play(settings.model_copy(update={"rounds": 1}), [0], checkpoints)
    assert kitchen_rl.play(settings, [0], checkpoints)[0] == whole

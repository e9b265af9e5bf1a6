"""Settings of the kitchen's claims, and the tables that are beside a verifier's accuracy: exact small cases."""

from __future__ import annotations

import numpy as np
import pytest

import brigade  # noqa: F401  # registers who can follow plans
from brigade.batch.configuration.vary import combinations
from brigade.envs.prover_verifier.aec import ProverVerifierEnv
from brigade.envs.prover_verifier.games.game import NOTHING
from brigade.envs.prover_verifier.games.kitchen_game import POINT, KitchenGame
from brigade.envs.prover_verifier.kitchen.claims import KINDS
from brigade.envs.prover_verifier.play import play_episode
from brigade.envs.prover_verifier.players import make_player
from brigade.envs.registry import BrigadeError
from brigade.experiments.prover_verifier.config import PvgConfig
from brigade.experiments.prover_verifier.kitchen import scripted as kitchen_scripted
from brigade.experiments.prover_verifier.kitchen.bank import SHOWN, Candidates, candidates_of, draw_bank
from brigade.experiments.prover_verifier.kitchen.judges import (
    at_best,
    by_type,
    exacting_judge,
    judge_all,
    noisy,
    scripted_judge,
    scripted_judges,
)
from brigade.experiments.prover_verifier.kitchen.live import Saying
from brigade.experiments.prover_verifier.outcome import Checkpoints, Outcome

COST = 0.05
CAREFUL = ("suspicious", "spot_checker", "exacting")


@pytest.fixture(scope="module")
def bank() -> Candidates:
    return draw_bank(KitchenGame(), np.random.default_rng(5), 4)[1]


def test_who_never_looks_accepts_everything_or_nothing(bank: Candidates) -> None:
    judges = scripted_judges(0)
    assert judge_all(judges["trusting"], bank).accept[bank.real].all()
    for name in CAREFUL:
        judged = judge_all(judges[name], bank)
        assert not judged.accept.any()
        assert not judged.looks.any()
        figures = at_best(judged, bank, COST)
        assert figures["soundness error, best response"] == figures["completeness, best response"] == 0.0


def test_limits_on_looks(bank: Candidates) -> None:
    """One that is none changes nothing; with one look the suspicious verifier is a spot-checker."""
    pairs = [(scripted_judges(looks)["suspicious"], scripted_judge(None)) for looks in (3, 7)]
    pairs.append((scripted_judges(1)["suspicious"], scripted_judges(1)["spot_checker"]))
    for one, other in pairs:
        judged, expected = judge_all(one, bank), judge_all(other, bank)
        assert np.array_equal(judged.accept, expected.accept)
        assert np.array_equal(judged.looks, expected.looks)


@pytest.mark.parametrize(("checkpoints", "looks"), [(3, 0), (3, 2), (1, 3)])
def test_limited_verifiers_do_in_the_environment_what_they_do_on_the_list(checkpoints: int, looks: int) -> None:
    env = ProverVerifierEnv(KitchenGame(checkpoints=checkpoints), "looks", question_cost=COST, questions=looks)
    env.reset(3)
    listed = candidates_of(env.game, env.problem, np.random.default_rng(0))
    assert listed.given.shape[-1] == checkpoints
    for name, judge in scripted_judges(looks).items():
        judged = judge_all(judge, listed)
        settled = np.isin(judged.accept, (0, 1)) & (judged.looks % 1 == 0)  # chance plays no part
        some = np.concatenate([np.flatnonzero(settled[0] & (judged.accept[0] == verdict))[:2] for verdict in (0, 1)])
        for candidate in some:
            prover = Saying(listed.messages[0, candidate].astype(np.int64))
            episode = play_episode(env, {"prover": prover, "verifier": make_player(name)}, 3)
            told = (judged.accept[0, candidate], judged.looks[0, candidate])
            assert (episode.accept, episode.questions, episode.truth) == (*told, listed.truth[0, candidate])


def test_noise_on_the_list_is_the_mean_over_what_may_be_lost(bank: Candidates) -> None:
    noise = 0.3
    shown = bank.real & (bank.style == SHOWN) & bank.truth & (bank.settles.sum(-1) == 1)
    exacting = judge_all(noisy(exacting_judge, noise), bank)
    assert exacting.accept[shown] == pytest.approx(1 - noise)
    assert exacting.looks[shown] == pytest.approx(1 - noise)
    assert not exacting.accept[~bank.truth].any()
    all_hold = bank.real & (bank.passes == bank.given).all(-1)
    spot = judge_all(scripted_judges(3, noise)["spot_checker"], bank)
    assert spot.accept[all_hold] == pytest.approx(1 - noise ** bank.given.sum(-1)[all_hold])
    for name in CAREFUL:
        assert not judge_all(scripted_judges(3, 1.0)[name], bank).accept.any()
    assert noisy(exacting_judge, 0.0) is exacting_judge


def test_what_arrives_on_the_list_is_what_arrives_in_the_game() -> None:
    game, rng = KitchenGame(noise=0.5), np.random.default_rng(0)
    moment = game.draw(rng)
    listed, view, kept = candidates_of(game, moment, rng), game.verifier_view(moment), set()
    for candidate in np.flatnonzero(listed.settles[0].any(-1) & listed.given[0].all(-1))[:20]:
        received = game.receive(moment, listed.messages[0, candidate].astype(np.int64), rng)
        arrives = tuple((received[-3 * POINT + 1 :: POINT] != NOTHING).tolist())
        kept.add(arrives)
        part = listed.arrived(arrives)
        assert np.array_equal(part.messages[0, candidate], received)
        assert part.passes[0, candidate].tolist() == [bool(game.look(moment, received, i)[0]) for i in range(3)]
        assert part.settles[0, candidate].tolist() == [game.settles(view, received, i) for i in range(3)]
    assert len(kept) > 4


def test_figures_by_type_by_hand() -> None:
    truth, kind = [True, True, False, False, False, True], [0, 0, 0, 1, 1, 1]
    accept, weight = [1.0, 0.0, 1.0, 0.0, 0.5, 1.0], [2.0, 1.0, 1.0, 1.0, 1.0, 2.0]
    figures = by_type(accept, truth, kind, weight)
    accuracy, fooled = figures["accuracy by type"], figures["accepted when false by type"]
    assert accuracy == pytest.approx(
        {
            "all": 5.5 / 8, "served": 2 / 4, "in_reach": 3.5 / 4, "accept everything": 5 / 8,
            "reject everything": 3 / 8, "collapsed": 5 / 8, "by type alone": (3 + 2) / 8,
        }
    )  # fmt: skip
    assert fooled == pytest.approx({"all": 1.5 / 3, "served": 1.0, "in_reach": 0.25})
    assert by_type([1.0], [True], [0], [1.0])["accepted when false by type"]["all"] is None


def test_figures_by_type_average_back_to_the_whole(bank: Candidates) -> None:
    rng = np.random.default_rng(0)
    weight = rng.random(bank.real.shape) * bank.real
    judged = judge_all(scripted_judge(1), bank)
    accuracy = by_type(judged.accept, bank.truth, bank.kind, weight)["accuracy by type"]
    shares = [weight[bank.kind == i].sum() / weight.sum() for i in range(len(KINDS))]
    whole = sum(share * (accuracy[name] or 0.0) for share, name in zip(shares, KINDS, strict=True))
    assert accuracy["all"] == pytest.approx(whole)
    true = weight[bank.truth].sum() / weight.sum()
    assert accuracy["collapsed"] == pytest.approx(max(true, 1 - true))
    assert accuracy["accept everything"] == pytest.approx(true)
    better = [
        max(mean, 1 - mean) for mean in (np.average(bank.truth, weights=weight * (bank.kind == i)) for i in (0, 1))
    ]
    assert accuracy["by type alone"] == pytest.approx(np.dot(shares, better))
    everything = by_type(np.ones(weight.shape), bank.truth, bank.kind, weight)["accuracy by type"]
    assert everything["all"] == pytest.approx(true)


def played(**settings: object) -> Outcome:
    made = kitchen_scripted.KitchenSettings.model_validate({"claims": 1, "problems": 1, "checked": 0} | settings)
    return kitchen_scripted.play(made, [0], Checkpoints(None, ""))[0]


def test_the_tables_of_the_scripted_game() -> None:
    tables = played(claims=4).tables
    by_role = tables["accuracy"]
    for name, row in tables["accuracy by type, both roles alike"].items():
        sneaky = (by_role[name]["liar"] + by_role[name]["half_truth"]) / 2  # type: ignore[operator]
        assert row["all"] == pytest.approx((by_role[name]["honest"] + sneaky) / 2)  # type: ignore[operator]
        assert row["collapsed"] == max(row["accept everything"], row["reject everything"])  # type: ignore[type-var]
    trusting = tables["accuracy by type, both roles alike"]["trusting"]
    assert trusting["all"] == trusting["accept everything"]
    for name, figures in tables["best response"].items():
        for figure in ("completeness, best response", "soundness error, best response"):
            by_looks = tables[f"{figure}, by looks"][name]
            assert list(by_looks) == [f"at most {looks}" for looks in range(4)]
            assert by_looks["at most 3"] == figures[figure]


def test_settings_of_the_game_change_what_is_played() -> None:
    blind = played(looks=0)
    for name in CAREFUL:
        assert set(blind.tables["accepted"][name].values()) == {0.0}
        assert set(blind.tables["looks"][name].values()) == {0.0}
        assert blind.tables["best response"][name]["completeness, best response"] == 0.0
    one_point = played(checkpoints=1, looks=2)
    assert one_point.tables["looks"]["suspicious"]["honest"] == 1.0
    assert list(one_point.tables["soundness error, best response, by looks"]["exacting"]) == ["at most 0", "at most 1"]
    assert all(len(shown["text"].splitlines()) <= 2 for shown in one_point.transcripts)
    lost = played(noise=1.0)
    for name in CAREFUL:
        assert set(lost.tables["accepted"][name].values()) == {0.0}
        assert lost.tables["best response"][name]["completeness, best response"] == 0.0


@pytest.mark.parametrize("name", ["kitchen_scripted", "kitchen_rl"])
@pytest.mark.parametrize(
    ("change", "word"),
    [
        ("settings.checkpoints=4", "settings.checkpoints"),
        ("settings.checkpoints=0", "settings.checkpoints"),
        ("settings.looks=-1", "settings.looks"),
        ("settings.noise=1.5", "settings.noise"),
        ("settings.checkpoint=2", "did you mean 'checkpoints'?"),
    ],
)
def test_settings_that_cannot_be(name: str, change: str, word: str) -> None:
    if name == "kitchen_rl":
        pytest.importorskip("torch", reason="training needs PyTorch: pip install 'brigade[rl]'")
    with pytest.raises(BrigadeError) as caught:
        PvgConfig.load(name, [change])
    assert word in str(caught.value)


def test_looks_can_vary() -> None:
    config = PvgConfig.load("kitchen_scripted", ["vary={looks: [0, 1, 2, 3]}"])
    assert [condition["looks"] for condition in combinations(config.vary)] == [0, 1, 2, 3]

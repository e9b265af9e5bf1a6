"""Mistakes that prover-verifier games have been spoilt by before, each of which is noticed if it is made again."""

from __future__ import annotations

import functools
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import pytest

import brigade  # noqa: F401  # registers who can follow plans
from brigade.envs.prover_verifier.arithmetic.generate import draw_problem
from brigade.envs.prover_verifier.arithmetic.problem import Problem
from brigade.envs.prover_verifier.arithmetic.solution import Edit, Solution, edits_of, solve
from brigade.envs.prover_verifier.games.find_plus import CROPS
from brigade.experiments.prover_verifier.arithmetic import edits as arithmetic_edits
from brigade.experiments.prover_verifier.kitchen.judges import scripted_judge
from brigade.experiments.prover_verifier.outcome import Checkpoints, Outcome, descend

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'brigade[rl]'")

from brigade.experiments.prover_verifier.arithmetic import edit_game, edit_training  # noqa: E402
from brigade.experiments.prover_verifier.kitchen import players as kitchen_players  # noqa: E402
from brigade.experiments.prover_verifier.kitchen import rounds as kitchen_rounds  # noqa: E402
from brigade.experiments.prover_verifier.kitchen import training as kitchen_training  # noqa: E402
from brigade.experiments.prover_verifier.learning import policy_gradient  # noqa: E402
from brigade.experiments.prover_verifier.toys import erasure, find_the_plus  # noqa: E402
from brigade.experiments.prover_verifier.transformer import batches as transformer_batches  # noqa: E402
from brigade.experiments.prover_verifier.transformer import experiment as arithmetic_transformer  # noqa: E402
from brigade.experiments.prover_verifier.transformer import grpo as transformer_grpo  # noqa: E402
from brigade.experiments.prover_verifier.transformer import model as transformer_model  # noqa: E402
from brigade.experiments.prover_verifier.transformer import settings as transformer_settings  # noqa: E402
from brigade.experiments.prover_verifier.transformer import table as transformer_table  # noqa: E402
from brigade.experiments.prover_verifier.transformer import training as transformer_training  # noqa: E402

NOWHERE = Checkpoints(None, "")
PLAIN = [edit for edit in edits_of(2) if edit.kind == "op" or abs(edit.shift) == 10]
SUBTLE = [edit for edit in edits_of(2) if edit.kind != "none" and edit not in PLAIN]


def weights_of(model: Any) -> Any:
    """All weights in a row, as they are now."""
    return torch.cat([weights.detach().flatten() for weights in model.parameters()]).clone()


def different(rows: list[Any]) -> bool:
    """Whether no two are equal."""
    return not any(torch.equal(one, other) for one, other in itertools.combinations(rows, 2))


def share_storage(one: Any, other: Any) -> bool:
    """Whether a weight of the one is a weight of the other."""
    places = [{weights.data_ptr() for weights in model.parameters()} for model in (one, other)]
    return bool(places[0] & places[1])


@contextmanager
def untouched(*models: Any) -> Iterator[None]:
    """Fails if a weight of the models changes within, or a gradient reaches one."""
    for model in models:
        model.zero_grad(set_to_none=True)
    before = [weights_of(model) for model in models]
    yield
    for model, old in zip(models, before, strict=True):
        assert torch.equal(weights_of(model), old)
        assert all(weights.grad is None for weights in model.parameters())


# Verifiers that have not learned enough are never robust, however many rounds there are.


def pool_accuracy(verifier: Any, problems: Any, source: Any) -> float:
    """How often the true solution is scored above a wrong one that a source chose."""
    scores, wrong = edit_training.scores_of(verifier, problems), source * (1 - problems.correct)
    return float((wrong * (scores[:, :1] > scores)).sum() / wrong.sum())


def test_verifiers_of_edits_are_trained_until_they_know_their_pool() -> None:
    """On problems that they have not seen; with the settings as they are, though at most 300 of the steps."""
    rng, count, settings = np.random.default_rng(0), 150, edit_training.EditSettings()
    pool_problems, unseen = (edit_game.draw_problems(rng, count, 2, split) for split in ("verifier", "test"))
    base = edit_game.base_log_policy(pool_problems.edits).exp().expand(count, -1)
    anything = torch.full_like(base, 1 / base.shape[1])
    pool = edit_training.Pool(base, settings.base_share, [anything])

    def accuracies(steps: int) -> list[float]:
        torch.manual_seed(0)
        verifier = edit_training.train_verifier(
            pool_problems, pool, settings.model_copy(update={"verifier_steps": steps})
        )
        return [pool_accuracy(verifier, unseen, source) for source in (base, anything)]

    assert min(accuracies(min(settings.verifier_steps, 300))) > 0.98
    assert min(accuracies(5)) < 0.9


# A pool of last policies alone, or of the last round alone: verifiers forget, and errors come round again.


def test_every_round_counts_the_same_in_the_pool_and_the_base_keeps_its_share() -> None:
    wanted, (base, first, second) = torch.ones(1, 3), torch.eye(3)[:, None]
    pool = edit_training.Pool(base, 0.4, [first, second])
    assert pool.conditional(wanted)[0].tolist() == pytest.approx([0.4, 0.3, 0.3])
    assert edit_training.Pool(base, 0.4).conditional(wanted)[0].tolist() == pytest.approx([1, 0, 0])
    sources: list[Any] = [object(), object(), object()]
    settings = transformer_settings.TransformerSettings(base_share=0.4)
    weights = [weight for weight, _ in arithmetic_transformer._weighted(sources, settings)]
    assert weights == pytest.approx([0.4, 0.3, 0.3])


def test_verifiers_of_edits_learn_from_all_rounds_and_from_sneaky_provers_on_their_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pools: list[list[Any]] = []
    provers: list[edit_training.Trained] = []
    verifiers_of, provers_of = edit_training.train_verifier, edit_training.train_provers

    def train_verifier(problems: Any, pool: Any, settings: Any) -> Any:
        pools.append(list(pool.rounds))
        return verifiers_of(problems, pool, settings)

    def train_provers(*given: Any, **more: Any) -> Any:
        trained = provers_of(*given, **more)
        if len(given) == 4:  # both roles, and no attack
            provers.append(trained)
        return trained

    monkeypatch.setattr(arithmetic_edits, "train_verifier", train_verifier)
    monkeypatch.setattr(arithmetic_edits, "train_provers", train_provers)
    settings = edit_training.EditSettings(
        rounds=3, train=20, test=10, hidden=4, verifier_steps=5, prover_steps=9, keep_every=3, prover_lr=0.03
    )
    arithmetic_edits.play(settings, [0], NOWHERE)
    problems = arithmetic_edits.Data(settings, 0).verifier
    assert [len(rounds) for rounds in pools] == [0, 1, 2]
    for number, trained in enumerate(provers[:2]):
        assert len(trained.kept) == 3
        assert different(trained.kept)
        helpful = edit_training.policy_of(trained.prover, problems, edit_game.HELPFUL)
        meant = (helpful + sum(trained.kept) / 3) / 2
        for rounds in pools[number + 1 :]:
            assert torch.allclose(rounds[number], meant)
            assert not torch.allclose(rounds[number], (helpful + trained.kept[-1]) / 2, atol=1e-3)


@dataclass
class Seen:
    """What a small run with transformers did.

    Attributes:
        outcome: of the run.
        pools: what verifiers of each round learned from, sources with weights.
        asked: (role, weights, solutions) of provers whenever they were asked for the pool.
        trained: (role, weights at the start, prover at the end) of every training of a prover.
    """

    outcome: Outcome
    pools: list[list[tuple[float, transformer_batches.Source]]] = field(default_factory=list)
    asked: list[tuple[int, Any, Any]] = field(default_factory=list)
    trained: list[tuple[int, Any, transformer_model.Prover]] = field(default_factory=list)


CHECKPOINTS = 3
SMALL = transformer_settings.TransformerSettings(
    steps=1, rounds=3, width=16, layers=1, verifier_width=16, verifier_layers=1, judge_width=8,
    supervised_steps=80, verifier_steps=5, prover_steps=2 * CHECKPOINTS, keep_every=2, batch=64, pairs=8, problems=8,
    lr=1e-2, prover_lr=1e-2, pool=12, test=12, sneaky_entropy=0.1, beta=0.1,
    switches=policy_gradient.Switches(dynamic_sampling=False),
)  # fmt: skip


@pytest.fixture(scope="module")
def rounds() -> Seen:
    seen = Seen(Outcome({}))
    verifiers_of, provers_of = transformer_training.train_verifier, transformer_grpo.train_prover
    asked_of = arithmetic_transformer.Table.asked

    def train_verifier(taught: Any, problems: Any, pool: Any, *more: Any) -> Any:
        seen.pools.append(list(pool))
        return verifiers_of(taught, problems, pool, *more)

    def train_prover(taught: Any, role: int, *more: Any) -> Any:
        begun, learned = weights_of(taught), provers_of(taught, role, *more)
        assert torch.equal(weights_of(taught), begun)
        assert not share_storage(taught, learned.prover)
        seen.trained.append((role, begun, learned.prover))
        return learned

    def asked(table: Any, prover: Any, role: int, share: int = 1) -> Any:
        batch = asked_of(table, prover, role, share)
        seen.asked.append((role, weights_of(prover), batch.solution))
        return batch

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transformer_table, "train_verifier", train_verifier)
        patch.setattr(arithmetic_transformer, "train_prover", train_prover)
        patch.setattr(arithmetic_transformer.Table, "asked", asked)
        seen.outcome = arithmetic_transformer.play(SMALL, [0], NOWHERE)[0]
    del seen.pools[:2], seen.pools[-1], seen.asked[:2], seen.trained[0]  # judge and baselines, base, and control
    return seen


def test_transformers_learn_from_all_rounds_and_from_sneaky_provers_on_their_way(rounds: Seen) -> None:
    assert [len(pool) for pool in rounds.pools] == [1, 2, 3]
    for number in range(SMALL.rounds):
        each = CHECKPOINTS + 1
        *sneaky, helpful = rounds.asked[number * each : (number + 1) * each]
        assert [role for role, _, _ in (*sneaky, helpful)] == [transformer_model.SNEAKY] * 3 + [
            transformer_model.HELPFUL
        ]
        assert different([weights for _, weights, _ in sneaky])
        assert torch.equal(sneaky[-1][1], weights_of(rounds.trained[2 * number + 1][2]))
        said = torch.cat([solutions for _, _, solutions in (helpful, *sneaky)])
        for pool in rounds.pools[number + 1 :]:
            assert torch.equal(pool[number + 1][1].solution, said)


def test_what_verifiers_could_learn_is_told_beside_what_they_did(rounds: Seen) -> None:
    """Else one cannot tell a verifier that has learned too little from a pool with too little in it."""
    assert rounds.outcome.figures["soundness error, best response, taught every edit"] is not None
    assert "soundness error, best response among edits" in rounds.outcome.curves


# The residual as a feature, or every kind of error in the base: robust at once, and nothing to see.


def worked_out(problems: edit_game.Problems) -> Any:
    """(n, edits, steps) bool, whether a line is worked out correctly by itself."""
    told = [[[row.holds for row in solve(p, edit).rows] for edit in problems.edits] for p in problems.problems]
    return torch.tensor(told)


def test_no_number_that_a_verifier_of_edits_sees_says_whether_a_line_is_right() -> None:
    """Whatever a number is, some right lines and some wrong ones have it: the sum has to be learned."""
    problems = edit_game.draw_problems(np.random.default_rng(0), 300, 2, "verifier")
    holds = worked_out(problems)
    for place, numbers in enumerate(problems.rows.unbind(-1)):
        right, wrong = (numbers[lines] for lines in (holds, ~holds))
        values = torch.cat([right, wrong]).unique()
        shares = [torch.stack([(part == value).float().mean() for value in values]) for part in (right, wrong)]
        told_apart = float((shares[0] - shares[1]).abs().sum()) / 2  # 0: says nothing, 1: says all
        assert told_apart < 0.7, f"feature {place} of a line gives right and wrong lines away"


def test_before_training_provers_of_edits_make_plain_errors_only() -> None:
    problems = edit_game.draw_problems(np.random.default_rng(0), 10, 2, "provers")
    prover = edit_game.EditProver(2)
    share = {edit: i for i, edit in enumerate(problems.edits)}
    for role in (edit_game.HELPFUL, edit_game.SNEAKY):
        policy = edit_training.policy_of(prover, problems, role)
        assert float(policy[:, [share[edit] for edit in SUBTLE]].sum(-1).max()) < 1e-4
        assert float(policy[:, [share[edit] for edit in PLAIN]].min()) > 0.02
    assert {edit.kind for edit in SUBTLE} == {"slip", "amount", "final"}


def test_transformers_are_taught_few_of_the_subtle_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: Counter[Edit] = Counter()

    def counted(problem: Problem, edit: Edit) -> Solution:
        drawn[edit] += 1
        return solve(problem, edit)

    monkeypatch.setattr(transformer_training, "solve", counted)
    settings = transformer_settings.TransformerSettings(width=8, supervised_steps=12, batch=250)
    transformer_training.supervised(settings, np.random.default_rng(0), 8, 1)
    plain, subtle = (sum(drawn[edit] for edit in edits) for edits in (PLAIN, SUBTLE))
    assert plain + subtle + drawn[Edit("none")] == 3000
    assert 0 < subtle < 0.15 * (plain + subtle)  # they are two thirds of the kinds
    assert min(drawn[edit] for edit in PLAIN) > 2 * max(drawn[edit] for edit in SUBTLE)


# Weights that both roles share: the one drags the other along.


def test_roles_of_edits_are_trained_at_once_so_that_neither_drags_the_other() -> None:
    """They share a body: trained one after the other, the last one would decide for both."""
    rng = np.random.default_rng(0)
    problems, sampled = (edit_game.draw_problems(rng, 100, 2, split) for split in ("provers", "verifier"))
    torch.manual_seed(0)
    scores = torch.randn(100, len(problems.edits))
    settings = edit_training.EditSettings(prover_steps=120)

    def correct(*roles: int) -> list[float]:
        prover = edit_training.train_provers(problems, scores, sampled, settings, roles).prover
        policies = [edit_training.policy_of(prover, problems, role) for role in (edit_game.HELPFUL, edit_game.SNEAKY)]
        return [float((policy * problems.correct).sum(-1).mean()) for policy in policies]

    helpful, sneaky = correct(edit_game.HELPFUL, edit_game.SNEAKY)
    assert helpful > 0.9
    assert sneaky < 0.1
    assert correct(edit_game.SNEAKY)[0] < 0.1  # dragged along; in an attack there is no helpful prover


def test_transformers_of_either_role_begin_anew_with_weights_of_their_own(rounds: Seen) -> None:
    roles = [role for role, _, _ in rounds.trained]
    assert roles == [transformer_model.HELPFUL, transformer_model.SNEAKY] * SMALL.rounds
    first = rounds.trained[0][1]
    assert all(torch.equal(begun, first) for _, begun, _ in rounds.trained)
    provers = [prover for _, _, prover in rounds.trained]
    assert different([weights_of(prover) for prover in provers])
    assert not any(share_storage(*pair) for pair in itertools.combinations(provers, 2))


@pytest.fixture(scope="module")
def kitchen() -> kitchen_rounds.Training:
    small = {
        "verifier_updates": 2, "games": 8, "steps": 4, "verifier_hidden": 8,
        "prover_updates": 3, "batch": 4, "offered": 32, "prover_hidden": 8,
    }  # fmt: skip
    settings = kitchen_rounds.KitchenRLSettings(rounds=1, train=4, test=2, training=small)
    return kitchen_rounds.Training(settings, 0, NOWHERE)


def test_provers_in_the_kitchen_have_weights_of_their_own(kitchen: kitchen_rounds.Training) -> None:
    judge = scripted_judge(1)
    helpful, sneaky = kitchen.provers(judge, 0)
    assert not share_storage(helpful, sneaky)
    alone = kitchen_training.train_prover(
        kitchen.reader, kitchen.train, judge, True, kitchen.spec, kitchen._seed(kitchen_rounds.HELPFUL, 0)
    )
    assert torch.equal(weights_of(alone), weights_of(helpful))


def test_the_pool_of_the_kitchen_has_all_rounds_and_all_that_got_past(kitchen: kitchen_rounds.Training) -> None:
    """A prover that is done says one thing; what the next verifier has to know is all that it could have said."""
    bank, settings = kitchen.train, kitchen.settings
    false = bank.real & ~bank.truth
    some = [np.flatnonzero(row)[:2] for row in false]
    said = [np.eye(false.shape[1])[[pair[number] for pair in some]] for number in range(2)]
    pool = kitchen._pool(kitchen_rounds.Rounds(helpful=said, sneaky=said))
    sums = pool.sneaky.sums.reshape(false.shape) - np.arange(len(bank))[:, None]
    shares = np.diff(sums, prepend=0.0)
    rest = 1 - settings.scripted_share - settings.any_share
    for i, pair in enumerate(some):
        assert shares[i, pair].min() > rest / 2 - 1e-6
    one_track = kitchen_players.LearnedProver(kitchen.reader, 8)
    with torch.no_grad():
        for weights in one_track.actor.parameters():
            weights.mul_(10)
    attack = kitchen._attack(scripted_judge(0), one_track)  # a judge that lets everything past
    assert np.array_equal(attack > 0, false)
    assert attack.max(-1) == pytest.approx(1 / false.sum(-1))


# Patches drawn at random in what the verifier learns from: patches without a plus, of images with one, count as good.


def first_crop(pixels: Any) -> Any:
    """Logits (n, 36) of a prover that sends the first patch whatever the image is."""
    return 60.0 * torch.eye(CROPS)[:1].expand(len(pixels), -1)


def test_verifiers_that_find_the_plus_learn_from_what_provers_send_and_from_nothing_else() -> None:
    batch = find_the_plus._draw(np.random.default_rng(0), 64)
    torch.manual_seed(0)
    verifier, prover = find_the_plus.make_verifier(), cast(Any, first_crop)

    def losses(settings: find_the_plus.PlusSettings) -> list[float]:
        other = find_the_plus._draw(np.random.default_rng(0), 64)
        other.crops[:, 1:] = 1 - other.crops[:, 1:]
        return [
            float(find_the_plus.verifier_step(prover, verifier, each, settings).detach()) for each in (batch, other)
        ]

    sent, same = losses(find_the_plus.PlusSettings())
    assert same == pytest.approx(sent, abs=1e-7)
    mixed, changed = losses(find_the_plus.PlusSettings(uniform=0.5))
    assert abs(changed - mixed) > 1e-4


@functools.cache
def found(seed: int, **changes: float) -> dict[str, float | None]:
    """Figures of a short training with the settings as they are, but for what is changed."""
    settings = find_the_plus.PlusSettings(steps=300, lr=1e-2, batch=64, batches=20, test=200, attack_steps=0, **changes)
    return find_the_plus.play(settings, [seed], NOWHERE)[0].figures


def test_random_patches_make_verifiers_unsound() -> None:
    error = "soundness error, best response"
    sound = found(3)[error]
    assert sound is not None
    assert sound < 0.05
    assert (found(3, uniform=0.5)[error] or 0.0) > 0.5


# Without an entropy bonus the adversary sends one thing, which is rejected, and nobody learns any more.


def test_the_entropy_bonus_spreads_what_is_sent() -> None:
    batch = find_the_plus._draw(np.random.default_rng(0), 64)
    torch.manual_seed(0)
    prover: Any = find_the_plus.make_prover(8)
    verifier: Any = find_the_plus.make_verifier()
    with torch.no_grad():
        verifier[-1].weight.zero_()  # whatever is sent is worth the same
        prover[-2].weight.mul_(1000)

    def entropy() -> float:
        log_policy = torch.log_softmax(prover(batch.pixels), -1)
        return float(-(log_policy.exp() * log_policy).sum(-1).mean().detach())

    def after_a_step(settings: find_the_plus.PlusSettings) -> float:
        descent = torch.optim.SGD(prover.parameters(), 0.01)
        descend(descent, find_the_plus.prover_step(prover, verifier, batch, settings), "find_the_plus")
        return entropy()

    before = entropy()
    assert after_a_step(find_the_plus.PlusSettings(entropy=0.0)) == pytest.approx(before, abs=1e-4)
    assert after_a_step(find_the_plus.PlusSettings()) > before + 1e-3


@pytest.mark.parametrize("seed", [2, 3])
def test_adversaries_have_an_entropy_bonus_unless_told_otherwise_and_the_game_is_learnt(seed: int) -> None:
    assert (found(seed)["accuracy"] or 0.0) > 0.95


@pytest.mark.parametrize("seed", [2, 3])
def test_without_entropy_the_adversarial_game_is_stuck(seed: int) -> None:
    assert (found(seed, entropy=0.0)["accuracy"] or 1.0) < 0.85


# Gradients stay on their side, in every game that is trained by them.

SLOPE_STEP = 1e-4


def slope(loss: Callable[[Any], Any], at: Any) -> Any:
    """(seeds, logits) by differences, for a loss (seeds,): what a gradient has to be, without any graph."""
    steps = SLOPE_STEP * torch.eye(at.shape[1], dtype=at.dtype)
    columns = [(loss(at + step) - loss(at - step)).detach() / (2 * SLOPE_STEP) for step in steps]
    return torch.stack(columns, -1)


def moved(loss: Callable[[Any], Any], at: Any, times: int = 1) -> Any:
    """Where descent by differences ends."""
    for _ in range(times):
        at = at - erasure.ErasureSettings().lr * slope(loss, at)
    return at


@pytest.mark.parametrize(
    "training", ["collaborative", "simultaneous", "verifier_leading", "prover_leading", "prover_leading_bayes"]
)
def test_either_side_of_the_erasure_channel_descends_its_own_loss_by_its_own_logits(training: str) -> None:
    """A leader looks ahead at what the follower will do; the follower itself takes the leader as it is."""
    settings = erasure.ErasureSettings(training=training, unroll=3)
    start = torch.randn(6, 5, generator=torch.Generator().manual_seed(0), dtype=torch.double)
    p, v, theirs = start[:, :2], start[:, 2:], erasure.prover_loss
    if training == "collaborative":
        theirs = erasure.verifier_loss

    def to_prover(at: Any, verifier: Any = v) -> Any:
        return theirs(at, verifier, settings.erasure)

    def to_verifier(at: Any, prover: Any = p) -> Any:
        return erasure.verifier_loss(prover, at, settings.erasure)

    leading = {
        "verifier_leading": lambda at: to_verifier(at, moved(lambda q: to_prover(q, at), p, settings.unroll)),
        "prover_leading": lambda at: to_prover(at, moved(lambda w: to_verifier(w, at), v, settings.unroll)),
        "prover_leading_bayes": lambda at: to_prover(at, erasure._bayes(at, settings.erasure)),
    }
    leads_prover = training.startswith("prover")
    meant_p = moved(leading[training] if leads_prover else to_prover, p)
    meant_v = moved(leading[training] if training == "verifier_leading" else to_verifier, v)
    if training == "prover_leading_bayes":
        meant_v = erasure._bayes(p, settings.erasure)
    new_p, new_v = erasure._step(p, v, settings)
    assert not new_p.requires_grad
    assert not new_v.requires_grad
    assert torch.allclose(new_p, meant_p, atol=1e-5)
    assert torch.allclose(new_v, meant_v, atol=1e-5)
    assert not torch.allclose(new_p, p, atol=1e-3)
    assert not torch.allclose(new_v, v, atol=1e-3)


def test_gradients_of_edits_stay_on_their_side() -> None:
    rng, settings = np.random.default_rng(0), edit_training.EditSettings(prover_steps=3, verifier_steps=3)
    problems, sampled = (edit_game.draw_problems(rng, 20, 2, split) for split in ("provers", "verifier"))
    torch.manual_seed(0)
    verifier = edit_game.EditVerifier(4)
    with untouched(verifier):
        scores = edit_training.scores_of(verifier, problems)
        trained = edit_training.train_provers(problems, scores, sampled, settings)
    before = weights_of(verifier)
    with untouched(trained.prover):
        policy = edit_training.policy_of(trained.prover, sampled, edit_game.SNEAKY)
        pool = edit_training.Pool(policy, 0.5, [policy, *trained.kept])
        edit_training.taught(verifier, sampled, pool, settings)
    assert not any(each.requires_grad for each in (scores, policy, *trained.kept))
    assert not torch.equal(weights_of(verifier), before)


@pytest.fixture(scope="module")
def taught() -> transformer_model.Prover:
    torch.manual_seed(0)
    return transformer_training.supervised(SMALL, np.random.default_rng(0), 16, 1)


@pytest.mark.parametrize("role", [transformer_model.HELPFUL, transformer_model.SNEAKY])
def test_a_step_of_a_transformer_that_proves_moves_itself_alone(taught: transformer_model.Prover, role: int) -> None:
    torch.manual_seed(0)
    verifier, seen = transformer_model.Verifier(taught), []

    def score(batch: transformer_batches.Batch) -> Any:
        seen.append(transformer_training.scores_of(verifier, batch))
        return seen[-1]

    with untouched(taught, verifier):
        learned = transformer_grpo.train_prover(taught, role, score, SMALL, np.random.default_rng(0)).prover
    assert not torch.equal(weights_of(learned), weights_of(taught))
    assert all(len(set(scores.tolist())) > 2 for scores in seen)  # it was the verifier that spoke


def test_a_step_of_a_transformer_that_verifies_moves_itself_alone(taught: transformer_model.Prover) -> None:
    problems = [draw_problem(np.random.default_rng(i), SMALL.steps) for i in range(20)]
    torch.manual_seed(0)
    with untouched(taught):
        said = transformer_batches.sampled(taught, problems, transformer_model.SNEAKY, SMALL.length)
        source = transformer_batches.gather_source([said], len(problems))
        verifier = transformer_training.train_verifier(
            taught, problems, [(1.0, source)], SMALL, np.random.default_rng(0)
        )
    assert not share_storage(verifier, taught)
    assert not torch.equal(weights_of(verifier.taught), weights_of(taught))  # the body too, which is its own


@pytest.mark.parametrize("helpful", [True, False])
def test_a_step_of_a_prover_in_the_kitchen_moves_itself_alone(kitchen: kitchen_rounds.Training, helpful: bool) -> None:
    torch.manual_seed(0)
    verifier = kitchen_players.LearnedVerifier(kitchen.reader, 8)
    torch.manual_seed(1)
    fresh = weights_of(kitchen_players.LearnedProver(kitchen.reader, kitchen.spec.prover_hidden))
    with untouched(verifier):
        prover = kitchen_training.train_prover(
            kitchen.reader, kitchen.train, kitchen.judge_of(verifier), helpful, kitchen.spec, 1
        )
    assert not torch.equal(weights_of(prover), fresh)


def test_a_step_of_a_verifier_in_the_kitchen_moves_itself_alone(kitchen: kitchen_rounds.Training) -> None:
    """Its policy by what it was paid, its critic as well; not the provers whose sayings it hears."""
    provers = [kitchen_players.LearnedProver(kitchen.reader, 8) for _ in range(2)]
    torch.manual_seed(1)
    fresh = kitchen_players.LearnedVerifier(kitchen.reader, kitchen.spec.verifier_hidden)
    with untouched(*provers):
        pool = kitchen_training.Pool(*(kitchen_training.Sayings(each.policy(kitchen.train)) for each in provers))
        verifier = kitchen_training.train_verifier(kitchen.reader, kitchen.train, pool, kitchen.spec, 1)
    for part in ("actor", "critic"):
        assert not torch.equal(weights_of(getattr(verifier, part)), weights_of(getattr(fresh, part)))

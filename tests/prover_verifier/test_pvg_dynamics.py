"""What training of prover-verifier games does: what a run is there to show, and what spoils it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from brigade.experiments.prover_verifier.metrics import Split, below_diagonal, threshold

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'brigade[rl]'")

from brigade.experiments.prover_verifier.arithmetic import edits as arithmetic_edits  # noqa: E402  # after the check
from brigade.experiments.prover_verifier.arithmetic.edit_game import (  # noqa: E402
    HELPFUL,
    SNEAKY,
    EditVerifier,
    base_log_policy,
    draw_problems,
)
from brigade.experiments.prover_verifier.arithmetic.edit_training import (  # noqa: E402
    EditSettings,
    Pool,
    policy_of,
    scores_of,
    train_provers,
    train_verifier,
)
from brigade.experiments.prover_verifier.learning.rewards import ranking_loss  # noqa: E402
from brigade.experiments.prover_verifier.outcome import Checkpoints, Outcome  # noqa: E402
from brigade.experiments.prover_verifier.toys import find_the_plus  # noqa: E402  # after the check

NOWHERE = Checkpoints(None, "")


def rounds_of(settings: EditSettings, seed: int) -> Outcome:
    return arithmetic_edits.play(settings, [seed], NOWHERE)[0]


@pytest.mark.study
def test_verifiers_of_edits_become_robust() -> None:
    """Three seeds of six rounds, as a whole; minutes."""
    played = [rounds_of(EditSettings(rounds=6), seed) for seed in (10, 11, 12)]
    curves = {name: np.array([o.curves[name] for o in played], float) for name in ("fool rate", "verifier accuracy")}
    assert curves["fool rate"][:, 0].mean() >= 0.9
    assert (curves["fool rate"].min(1) <= 0.1).all()
    assert curves["verifier accuracy"][:, 0].mean() <= 0.6
    assert curves["verifier accuracy"][:, -1].min() >= 0.9
    attacks = [outcome.curves["exploit step, sneaky only"] for outcome in played]
    assert all(steps[0] is not None and steps[0] < 60 for steps in attacks)
    assert sum(steps[-1] is None for steps in attacks) >= 2
    below = [below_diagonal(outcome.matrices["cross fool rate"]) for outcome in played]
    assert np.mean([rate for rate in below if rate is not None]) <= 0.1


class Round:
    """Round 0 of a small game of edits: a verifier that has learned from the base alone, and provers against it."""

    def __init__(self, seed: int):
        torch.set_num_threads(1)
        torch.manual_seed(seed)
        rng = np.random.default_rng(seed)
        self.settings = EditSettings(train=150, hidden=16, verifier_steps=1000, batch=64, prover_steps=100)
        self.provers, self.verifiers, self.test = (
            draw_problems(rng, count, 2, split) for count, split in ((150, "provers"), (150, "verifier"), (100, "test"))
        )
        self.base = base_log_policy(self.verifiers.edits).exp().expand(150, -1)
        self.verifier = self.learned([])
        self.scores = scores_of(self.verifier, self.provers)
        self.trained = train_provers(self.provers, self.scores, self.verifiers, self.settings)

    def learned(self, rounds: list[Any]) -> EditVerifier:
        """A new verifier from a pool of the base and what provers of earlier rounds chose."""
        return train_verifier(self.verifiers, Pool(self.base, self.settings.base_share, rounds), self.settings)

    @property
    def chosen(self) -> Any:
        """What the provers of the round put into the pool."""
        helpful = policy_of(self.trained.prover, self.verifiers, HELPFUL)
        return (helpful + torch.stack(self.trained.kept).mean(0)) / 2

    def fool_rate(self, verifier: EditVerifier) -> float:
        """How often the sneaky prover of the round fools a verifier."""
        scores, correct = scores_of(verifier, self.test).numpy(), self.test.correct.bool().numpy()
        limit = threshold(scores[:, 0], np.ones(len(scores))) - self.settings.slack
        policy = policy_of(self.trained.prover, self.test, SNEAKY).numpy().astype(np.float64)
        return Split(scores >= limit, correct, policy).fool_rate or 0.0


@pytest.fixture(scope="module", params=[0, 2])
def first_round(request: pytest.FixtureRequest) -> Round:
    return Round(request.param)


def test_it_is_the_pool_that_makes_verifiers_robust(first_round: Round) -> None:
    """The next verifier sees through the sneaky prover that it has met; a new one that has not is fooled again."""
    assert first_round.fool_rate(first_round.verifier) > 0.9
    assert first_round.fool_rate(first_round.learned([first_round.chosen])) < 0.1
    assert first_round.fool_rate(first_round.learned([])) > 0.5


def test_a_low_above_the_scores_ends_in_a_sneaky_prover_that_is_correct(first_round: Round) -> None:
    """V0 must lie below all scores, else a sneaky prover is paid for being right, and there is no game."""
    problems, scores = first_round.provers, first_round.scores
    correct = {}
    for low in (float(scores.min()) - 5, float(scores.max())):
        settings = first_round.settings.model_copy(update={"low": low})
        trained = train_provers(problems, scores, first_round.verifiers, settings, (SNEAKY,))
        correct[low] = float((policy_of(trained.prover, problems, SNEAKY) * problems.correct).sum(-1).mean())
    below, above = correct.values()
    assert below < 0.1
    assert above > 0.9


def test_only_calibrated_thresholds_mean_anything() -> None:
    """Ranking leaves the offset of scores free: what is accepted at 0 is arbitrary, what is at the threshold is not."""
    rng = np.random.default_rng(0)
    scores, correct = rng.normal(size=(20, 4)), np.tile([True, False, False, False], (20, 1))
    seen = []
    for offset in (-10.0, 10.0):
        moved = torch.tensor(scores + offset)
        loss = float(ranking_loss(moved[:, :1].expand(-1, 3), moved[:, 1:], 0.0))
        limit = threshold(moved.numpy(), correct)
        seen.append((round(loss, 9), (moved.numpy() >= limit).tolist(), bool((moved > 0).any())))
    assert seen[0][:2] == seen[1][:2]
    assert (seen[0][2], seen[1][2]) == (False, True)


def plus(training: str, entropy: float, steps: int, seed: int) -> float:
    """Soundness error by best response after a short training."""
    settings = find_the_plus.PlusSettings(
        training=training, entropy=entropy, steps=steps, lr=1e-2, batch=64, batches=20, test=200, attack_steps=0
    )  # type: ignore[arg-type]
    error = find_the_plus.play(settings, [seed], NOWHERE)[0].figures["soundness error, best response"]
    assert error is not None
    return error


@pytest.mark.parametrize("seed", [0, 1])
def test_finding_the_plus_is_learnt_soundly_against_an_adversary_only(seed: int) -> None:
    assert plus("adversarial", 0.25, 500, seed) < 0.05
    assert plus("collaborative", 0.0, 300, seed) > 0.5

"""Training of prover-verifier games: equations, gradients, and the dynamics each experiment is there to show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from brigade.envs.prover_verifier.arithmetic.generate import draw_problem
from brigade.envs.prover_verifier.arithmetic.solution import solve
from brigade.envs.registry import BrigadeError
from brigade.experiments.prover_verifier import metrics

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'brigade[rl]'")

from brigade.experiments.prover_verifier import (  # noqa: E402  # after the check for PyTorch
    arithmetic_edits,
    arithmetic_transformer,
    edit_game,
    edit_training,
    erasure,
    find_the_plus,
    policy_gradient,
    rewards,
    transformer_model,
    transformer_training,
)
from brigade.experiments.prover_verifier.outcome import Checkpoints, finite  # noqa: E402

NOWHERE = Checkpoints(None, "")


def test_the_ranking_loss_wants_correct_solutions_above() -> None:
    high, low = torch.tensor([2.0]), torch.tensor([-1.0])
    assert rewards.ranking_loss(high, low, 0.0) < rewards.ranking_loss(low, high, 0.0)
    assert float(rewards.ranking_loss(high, low, 0.0)) == pytest.approx(np.log1p(np.exp(-3.0)))
    plain, decayed = (float(rewards.ranking_loss(high, low, decay)) for decay in (0.0, 0.1))
    assert decayed - plain == pytest.approx(0.1 * (4 + 1) / 2)


def test_rewards_by_hand() -> None:
    scores, correct = torch.tensor([[3.0, 1.0, -1.0]]), torch.tensor([[1.0, 0.0, 0.0]])
    mean = scores.mean(-1, keepdim=True)
    assert rewards.src_reward(scores, correct, True, mean).tolist() == [[2.0, -1.0, -1.0]]
    assert rewards.src_reward(scores, correct, False, mean).tolist() == [[-2.0, -1.0, -1.0]]
    assert rewards.cgc_reward(scores, correct, True).tolist() == [[3.0, -2.0, -2.0]]
    assert rewards.cgc_reward(scores, correct, False, -8.0).tolist() == [[-8.0, 1.0, -1.0]]
    assert rewards.correctness_reward(correct).tolist() == correct.tolist()
    assert rewards.goodhart_reward(scores).tolist() == scores.tolist()


def test_a_low_that_is_too_high_makes_sneaky_provers_honest() -> None:
    """With V0 above the scores of wrong solutions, being correct pays more: there is no game."""
    scores, correct = torch.tensor([[2.0, -5.0]]), torch.tensor([[1.0, 0.0]])
    assert rewards.cgc_reward(scores, correct, False, -2.0).argmax() == 0
    assert rewards.cgc_reward(scores, correct, False, -8.0).argmax() == 1


def test_grpo_and_the_four_changes_of_dapo() -> None:
    paid = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    assert policy_gradient.group_advantages(paid).tolist()[0] == pytest.approx([1.0, -1.0], abs=1e-4)
    assert policy_gradient.informative(paid).tolist() == [True, False]
    assert policy_gradient.overlong_penalty(torch.tensor([5, 8, 9, 12]), 10, 4).tolist() == [0.0, -0.5, -0.75, -1.0]
    on, off = policy_gradient.Switches(), policy_gradient.Switches(clip_higher=False)
    assert (on.clip, off.clip) == ((0.2, 0.28), (0.2, 0.2))
    old, new = torch.zeros(2, 3), torch.full((2, 3), 0.5)  # a ratio of 1.65, beyond either clip
    mask, paid = torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]]), torch.tensor([1.0, 0.0])
    losses = {
        (switches.clip, token): float(policy_gradient.clipped_loss(new, old, paid, mask, switches.clip, token))
        for switches in (on, off) for token in (True, False)
    }  # fmt: skip
    assert losses[on.clip, True] == pytest.approx(-1.28 * 3 / 4)
    assert losses[off.clip, True] == pytest.approx(-1.2 * 3 / 4)
    assert losses[on.clip, False] == pytest.approx(-1.28 / 2)


def test_the_erasure_channel_is_unsound_if_the_prover_helps() -> None:
    def ends(training: str) -> dict[str, float]:
        settings = erasure.ErasureSettings(training=training, steps=1500)  # type: ignore[arg-type]
        played = erasure.play(settings, range(20), NOWHERE)
        return {name: float(np.mean([o.figures[name] for o in played])) for name in played[0].figures}

    helped, opposed = ends("collaborative"), ends("simultaneous")
    assert helped["soundness error, best response"] > 0.7
    assert opposed["sound and complete"] == 1.0
    assert opposed["completeness, best response"] == pytest.approx(0.9)
    assert helped["verifier loss"] < opposed["verifier loss"]
    assert ends("prover_leading_bayes")["verifier accuracy"] < 0.6


def test_gradients_stay_on_their_side() -> None:
    settings, rng = find_the_plus.PlusSettings(batch=8), np.random.default_rng(0)
    batch = find_the_plus._draw(rng, 8)
    prover, verifier = find_the_plus.make_prover(4), find_the_plus.make_verifier()
    find_the_plus.prover_step(prover, verifier, batch, settings).backward()
    assert all(weight.grad is None for weight in verifier.parameters())
    prover.zero_grad(set_to_none=True)
    find_the_plus.verifier_step(prover, verifier, batch, settings).backward()
    assert all(weight.grad is None for weight in prover.parameters())


SMALL = {"rounds": 2, "train": 200, "test": 100, "verifier_steps": 300, "prover_steps": 120}


@pytest.mark.parametrize(("hidden", "parameters"), [(4, 95), (16, 563), (64, 5315)])
def test_sizes_of_verifiers(hidden: int, parameters: int) -> None:
    assert sum(weight.numel() for weight in edit_game.EditVerifier(hidden).parameters()) == parameters


def test_the_first_round_of_edits_is_lost_by_the_verifier(tmp_path: Any) -> None:
    settings = edit_training.EditSettings(**SMALL)
    whole = arithmetic_edits.play(settings, [0], NOWHERE)[0]
    assert whole.curves["sneaky correct"][0] < 0.1
    assert whole.curves["soundness error, best response"][0] > 0.9
    assert whole.curves["fool rate"][0] > 0.5
    assert np.shape(whole.matrices["cross fool rate"]) == (2, 2)
    checkpoints = Checkpoints(tmp_path / "state.pt", "edits")
    arithmetic_edits.play(settings.model_copy(update={"rounds": 1}), [0], checkpoints)
    gone_on = arithmetic_edits.play(settings, [0], checkpoints)[0]
    assert gone_on == whole
    with pytest.raises(BrigadeError, match="is of another game"):
        Checkpoints(tmp_path / "state.pt", "plus").load()
    (tmp_path / "state.pt").write_bytes(b"broken")
    with pytest.raises(BrigadeError, match="cannot be read"):
        checkpoints.load()


def test_a_loss_that_is_not_a_number_stops_training() -> None:
    with pytest.raises(BrigadeError, match="last good checkpoint is kept"):
        finite(torch.tensor(float("nan")), "verifier")


def test_metrics_by_hand() -> None:
    accept, correct = np.array([[True, False, True]]), np.array([[True, True, False]])
    split = metrics.Split(accept, correct, np.array([[0.5, 0.25, 0.25]]))
    assert (split.accuracy, split.fool_rate, split.completeness) == (0.5, 1.0, pytest.approx(2 / 3))
    assert metrics.best_response(accept, correct) == (1.0, 1.0)
    assert metrics.best_response(np.zeros((2, 3)), np.ones((2, 3))) == (0.0, None)
    assert metrics.collapsed([1, 1, 0, 1])["pooled"] == 0.75
    assert metrics.below_diagonal([[1.0, 1.0], [0.0, 1.0]]) == 0.0
    assert metrics.auc([2.0, 3.0], [1.0, 2.0]) == pytest.approx(0.875)
    assert metrics.drop_rate(0.8, 0.6) == pytest.approx(0.25)
    assert metrics.threshold([0.0, 1.0, 2.0], [False, True, True], 0.0) == 1.0
    assert metrics.worst_case([[1, 0, 1], [1, 1, 0]]) == pytest.approx(1 / 3)
    rng, right = np.random.default_rng(0), np.array([[True, True, False, False]])
    assert metrics.balanced_best_of(np.array([[4.0, 3.0, 2.0, 1.0]]), right, 2, rng) == 1.0
    assert metrics.balanced_best_of(np.array([[4.0, 3.0, 2.0, 1.0]]), right, 6, rng) is None


def test_small_transformers_run_and_go_on(tmp_path: Any) -> None:
    """The machinery at its smallest: what is sampled can be read back, and a stopped run ends as an unbroken one."""
    small = {"supervised_steps": 3, "verifier_steps": 2, "prover_steps": 2, "test": 10, "pool": 10, "width": 8}
    settings = transformer_training.TransformerSettings(rounds=2, batch=16, **small)
    whole = arithmetic_transformer.play(settings, [0], NOWHERE)[0]
    assert len(whole.curves["verifier accuracy"]) == 2
    checkpoints = Checkpoints(tmp_path / "state.pt", "transformer")
    arithmetic_transformer.play(settings.model_copy(update={"rounds": 1}), [0], checkpoints)
    assert arithmetic_transformer.play(settings, [0], checkpoints)[0] == whole


def test_solutions_as_tokens() -> None:
    problem = draw_problem(np.random.default_rng(0), 2)
    tokens = transformer_model.solution_tokens(solve(problem))
    assert transformer_model.read_tokens([*tokens, transformer_model.END]) == solve(problem)
    assert transformer_model.read_tokens(tokens[:-1]) is None
    assert transformer_model.read_tokens([tokens[0], *tokens]) is None


def test_the_role_never_reaches_the_transformer_that_judges() -> None:
    torch.manual_seed(0)
    verifier = transformer_model.Verifier(transformer_model.Prover(8, 1, 20))
    problem = draw_problem(np.random.default_rng(0), 2)
    solution = torch.tensor([transformer_model.solution_tokens(solve(problem))])
    roles = (transformer_model.HELPFUL, transformer_model.SNEAKY)
    scores = [verifier(torch.tensor([transformer_model.problem_tokens(problem, role)]), solution) for role in roles]
    assert torch.equal(*scores)

"""Training of prover-verifier games: equations, gradients, and the dynamics each experiment is there to show."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from brigade.envs.prover_verifier.arithmetic.generate import SPLITS, draw_problem, split_of
from brigade.envs.prover_verifier.arithmetic.perturb import perturb
from brigade.envs.prover_verifier.arithmetic.problem import Problem, Step
from brigade.envs.prover_verifier.arithmetic.solution import Edit, is_correct, solve
from brigade.envs.registry import BrigadeError
from brigade.experiments.prover_verifier import metrics

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'brigade[rl]'")

from brigade.experiments.prover_verifier.arithmetic import edit_game, edit_training  # noqa: E402
from brigade.experiments.prover_verifier.arithmetic import edits as arithmetic_edits  # noqa: E402
from brigade.experiments.prover_verifier.learning import policy_gradient, rewards  # noqa: E402
from brigade.experiments.prover_verifier.outcome import Checkpoints, finite  # noqa: E402
from brigade.experiments.prover_verifier.toys import erasure, find_the_plus  # noqa: E402
from brigade.experiments.prover_verifier.transformer import baselines as transformer_baselines  # noqa: E402
from brigade.experiments.prover_verifier.transformer import batches as transformer_batches  # noqa: E402
from brigade.experiments.prover_verifier.transformer import dapo as arithmetic_dapo  # noqa: E402
from brigade.experiments.prover_verifier.transformer import experiment as arithmetic_transformer  # noqa: E402
from brigade.experiments.prover_verifier.transformer import figures as transformer_figures  # noqa: E402
from brigade.experiments.prover_verifier.transformer import grpo as transformer_grpo  # noqa: E402
from brigade.experiments.prover_verifier.transformer import model as transformer_model  # noqa: E402
from brigade.experiments.prover_verifier.transformer import settings as transformer_settings  # noqa: E402
from brigade.experiments.prover_verifier.transformer import training as transformer_training  # noqa: E402

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
    same = torch.full((2, 8), 3.3)  # of which the mean is not exactly 3.3
    for scale in ("group", "batch", "none"):
        assert policy_gradient.group_advantages(same, scale).tolist() == [[0.0] * 8] * 2  # type: ignore[arg-type]
    assert policy_gradient.overlong_penalty(torch.tensor([5, 8, 9, 12]), 10, 4).tolist() == [0.0, -0.5, -0.75, -1.0]
    spread = torch.tensor([[3.0, 1.0], [0.2, 0.0]])
    scaled = {scale: policy_gradient.group_advantages(spread, scale) for scale in ("group", "batch", "none")}
    assert scaled["group"][1].tolist() == pytest.approx([1.0, -1.0], abs=1e-3)
    assert scaled["none"][1].tolist() == pytest.approx([0.1, -0.1])
    assert scaled["batch"][1, 0] == pytest.approx(0.1 / math.sqrt(0.505), abs=1e-3)
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


def test_the_divergence_is_none_where_nothing_has_changed_and_pulls_back_elsewhere() -> None:
    reference, mask = torch.log(torch.tensor([[0.5, 0.25]])), torch.tensor([[1.0, 0.0]])
    assert float(policy_gradient.divergence(reference, reference, mask)) == 0
    now = torch.log(torch.tensor([[0.25, 0.9]])).requires_grad_()
    held = policy_gradient.divergence(now, reference, mask)
    assert float(held.detach()) == pytest.approx(2 - math.log(2) - 1, abs=1e-5)  # the second token does not count
    held.backward()  # type: ignore[no-untyped-call]
    assert now.grad is not None
    assert now.grad[0, 0] < 0  # descent raises what has become less likely


def test_the_entropy_of_a_policy_is_that_of_its_tokens() -> None:
    log_policy = torch.log(torch.tensor([[[0.5, 0.5], [0.9, 0.1]]]))
    mask = torch.tensor([[1.0, 0.0]])
    assert float(policy_gradient.mean_entropy(log_policy, mask)) == pytest.approx(math.log(2))


def test_sneaky_provers_that_are_paid_for_entropy_say_more_and_helpful_ones_are_not_paid() -> None:
    settings = transformer_settings.TransformerSettings(width=8, prover_steps=20, problems=4, group=4, prover_lr=1e-2)
    torch.manual_seed(0)
    taught = transformer_training.blank(settings, 8, 1)

    def spread(weight: float, role: int) -> float:
        torch.manual_seed(0)
        paid = settings.model_copy(update={"sneaky_entropy": weight})
        learned = transformer_grpo.train_prover(
            taught, role, lambda batch: batch.solution[:, 0].float(), paid, np.random.default_rng(0)
        )
        return learned.figures["entropy"]

    sneaky, helpful = transformer_model.SNEAKY, transformer_model.HELPFUL
    assert spread(1.0, sneaky) > spread(0.0, sneaky)
    assert spread(1.0, helpful) == spread(0.0, helpful)


def test_held_provers_stay_nearer_to_where_they_began() -> None:
    settings = transformer_settings.TransformerSettings(width=8, prover_steps=20, problems=4, group=4, prover_lr=1e-2)
    torch.manual_seed(0)
    taught = transformer_training.blank(settings, 8, 1)

    def moved(beta: float) -> float:
        torch.manual_seed(0)
        held = settings.model_copy(update={"beta": beta})
        learned = transformer_grpo.train_prover(
            taught, 0, lambda batch: batch.solution[:, 0].float(), held, np.random.default_rng(0)
        ).prover
        batch = transformer_batches.sampled(
            taught, [draw_problem(np.random.default_rng(0), 2)] * 50, 0, settings.length
        )
        now, before = (prover.log_probs(batch.prompt, batch.solution).detach() for prover in (learned, taught))
        return float(policy_gradient.divergence(now, before, transformer_model.mask_of(batch.solution)))

    assert moved(20.0) < moved(0.0) / 2


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


@pytest.mark.outer
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


def test_edits_are_counted_by_what_they_alter() -> None:
    def near(prompt: Any, solution: Any) -> Any:
        """Take answers for right that are off by 2 at most."""
        answers = [transformer_model.read_tokens(tokens).answer for tokens in solution.tolist()]  # type: ignore[union-attr]
        return torch.tensor([float(abs(answer - 36) <= 2) for answer in answers])

    problem = Problem("Mia", "egg", 20, (Step("+", 6), Step("+", 10)))
    judge = transformer_figures.Judge(near, 0.5)  # type: ignore[arg-type]
    (accepted,) = transformer_figures.edits_accepted([judge], [problem])
    assert accepted == {
        "result off by 1 or 2": 1.0, "result off by 10": 0.0, "wrong operation": 0.0, "amount off by 1": 1.0,
        "answer off by 1 or 2": 1.0, "answer off by 10": 0.0,
    }  # fmt: skip
    assert transformer_figures.edits_response(judge, [problem]) == (1.0, 1.0)


def test_small_transformers_run_and_go_on(tmp_path: Any) -> None:
    """The machinery at its smallest: what is sampled can be read back, and a stopped run ends as an unbroken one."""
    small = {"supervised_steps": 3, "verifier_steps": 2, "prover_steps": 2, "test": 10, "pool": 10, "width": 8}
    settings = transformer_settings.TransformerSettings(rounds=2, batch=16, **small)
    whole = arithmetic_transformer.play(settings, [0], NOWHERE)[0]
    assert len(whole.curves["verifier accuracy"]) == 2
    assert list(whole.tables["wrong edits accepted"]) == ["round 0", "round 1"]
    checkpoints = Checkpoints(tmp_path / "state.pt", "transformer")
    arithmetic_transformer.play(settings.model_copy(update={"rounds": 1}), [0], checkpoints)
    assert arithmetic_transformer.play(settings, [0], checkpoints)[0] == whole


def test_every_combination_of_switches_is_trained(tmp_path: Any) -> None:
    small = {"supervised_steps": 60, "prover_steps": 2, "test": 100, "batch": 64, "width": 16}
    settings = transformer_settings.TransformerSettings(lr=1e-2, **small)
    checkpoints = Checkpoints(tmp_path / "state.pt", "switches")
    (outcome,) = arithmetic_dapo.play(settings, [0], checkpoints)
    assert 0 < outcome.figures["accuracy before"] < 1  # type: ignore[operator]
    table = outcome.tables["switches"]
    assert len(table) == 6
    assert all(set(row) == {"accuracy", "entropy", "groups dropped", "length"} for row in table.values())
    assert len({tuple(row.values()) for row in table.values()}) > 1
    assert arithmetic_dapo.play(settings, [0], checkpoints) == [outcome]  # from the checkpoint


def test_no_problem_is_in_two_splits_and_each_is_there_in_its_share() -> None:
    rng = np.random.default_rng(0)
    drawn = {name: {_told(draw_problem(rng, 2, among=(name,))) for _ in range(300)} for name in SPLITS}
    for one, other in itertools.combinations(drawn.values(), 2):
        assert not one & other
    data = arithmetic_edits.Data(edit_training.EditSettings(train=200, test=100), 0)
    sets = [{_told(p) for p in each.problems} for each in (data.provers, data.verifier, data.test, data.calibration)]
    for one, other in itertools.combinations(sets, 2):
        assert not one & other
    splits = [split_of(draw_problem(rng, 2)) for _ in range(2000)]
    assert splits.count("test") / 2000 == pytest.approx(0.1, abs=0.03)
    assert split_of(Problem("Mia", "egg", 7, (Step("+", 3),))) == split_of(
        Problem("Ben", "onion", 7, (Step("+", 3, 2),))
    )


def _told(problem: Problem) -> tuple[Any, ...]:
    return problem.start, tuple((step.op, step.amount) for step in problem.steps)


def test_the_last_prover_is_in_the_pool_even_if_there_are_few_steps() -> None:
    settings = edit_training.EditSettings(train=20, test=10, prover_steps=3, keep_every=25, rounds=1, verifier_steps=2)
    data = arithmetic_edits.Data(settings, 0)
    scores = torch.zeros(20, len(data.provers.edits))
    trained = edit_training.train_provers(data.provers, scores, data.verifier, settings)
    assert len(trained.kept) == 1
    assert torch.equal(trained.kept[-1], edit_training.policy_of(trained.prover, data.verifier, edit_game.SNEAKY))


def test_weights_that_run_away_stop_a_training() -> None:
    settings = transformer_settings.TransformerSettings(width=8, supervised_steps=1, batch=4, lr=1e30)
    with pytest.raises(BrigadeError, match="supervised start: a weight has become 1e"):
        transformer_training.supervised(settings, np.random.default_rng(0), 8, 1)


def test_sampling_with_what_is_remembered_is_sampling_without() -> None:
    torch.manual_seed(1)
    prover = transformer_model.Prover(16, 2, 30)
    prompt = torch.randint(0, transformer_model.NUMBERS, (3, 5))
    solution = torch.randint(0, transformer_model.NUMBERS, (3, 4))
    whole, _ = prover.hidden(torch.cat([prompt, solution], 1))
    step, past = prover.hidden(prompt)
    for i in range(4):
        assert torch.allclose(step[:, -1], whole[:, 4 + i], atol=1e-5)
        step, past = prover.hidden(solution[:, i : i + 1], past)
    prover.tokens.weight.data *= 100  # nearly certain of what comes next
    prover.out.weight.data *= 100
    torch.manual_seed(2)
    drawn = prover.sample(prompt, 6)
    assert (prover.log_probs(prompt, drawn)[drawn != transformer_model.END] > -5).all()


def test_pairs_for_the_verifier_are_of_one_problem_and_balanced() -> None:
    problems = [draw_problem(np.random.default_rng(i), 2) for i in range(20)]
    length = transformer_settings.solution_length(2)
    truths = transformer_batches.padded([solve(problem) for problem in problems], length)
    kinds = [Edit("none"), Edit("final", 0, 10), Edit("slip", 0, 1)]
    batches = [
        transformer_batches.Batch(
            problems, transformer_batches.padded([solve(p, kind) for p in problems], length), transformer_model.SNEAKY
        )
        for kind in kinds
    ]
    source = transformer_batches.gather_source(batches, 20)
    pairs = source.pairs(truths, 50, np.random.default_rng(0))
    assert pairs is not None
    for place, right, wrong in zip(*(part.tolist() for part in pairs), strict=True):
        read = [transformer_model.read_tokens(tokens) for tokens in (right, wrong)]
        assert [each is not None and is_correct(problems[place], each) for each in read] == [True, False]
    assert transformer_batches.gather_source(batches[:1], 20).pairs(truths, 5, np.random.default_rng(0)) is None


def test_a_verifier_of_answers_sees_no_line() -> None:
    problem = draw_problem(np.random.default_rng(0), 2)
    length = transformer_settings.solution_length(2)
    edits = (Edit("none"), Edit("slip", 0, 1), Edit("final", 0, 1))
    said = transformer_batches.padded([solve(problem, edit) for edit in edits], length)
    shown = transformer_baselines.answers_only(said)
    read = [transformer_model.read_tokens(tokens) for tokens in shown.tolist()]
    assert [(each.rows, each.answer) for each in read if each] == [((), solve(problem, edit).answer) for edit in edits]
    assert transformer_baselines.answers_only(shown).tolist() == shown.tolist()
    unreadable = torch.full_like(said, transformer_model.PLUS)
    assert torch.equal(transformer_baselines.answers_only(unreadable), unreadable)
    hidden = edit_game.Problems([problem], edits).answers_only()
    one, other = (edit_game.Problems([problem], [edit]).answers_only() for edit in edits[:2])
    assert torch.equal(one.rows, other.rows)  # an altered line cannot be told from the true one
    changed = [(solve(problem, edit).answer - problem.start) / 3 for edit in edits]  # type: ignore[operator]
    assert hidden.copied.flatten().tolist() == pytest.approx(changed)


def test_a_verifier_of_answers_reads_nothing_else_and_can_compare_them_with_what_was_asked() -> None:
    problems = [draw_problem(np.random.default_rng(i), 2) for i in range(60)]
    listed = edit_game.Problems(problems, [Edit("none"), Edit("slip", 0, 10)]).answers_only()
    torch.manual_seed(0)
    verifier = edit_game.AnswerVerifier(2, 16)
    noise = torch.randn_like(listed.rows) * (1 - torch.tensor(edit_game.ASKED))
    assert torch.equal(verifier(listed.rows + noise, listed.copied), verifier(listed.rows, listed.copied))
    settings = edit_training.EditSettings(verifier_steps=400, decay=0.0)
    edit_training.taught(verifier, listed, edit_training.Pool(torch.full((60, 2), 0.5), 1.0), settings)
    right, wrong = edit_training.scores_of(verifier, listed).T
    assert float((right > wrong).float().mean()) > 0.9


def test_a_pool_of_every_edit_and_what_is_kept_of_it() -> None:
    problems = [draw_problem(np.random.default_rng(i), 2) for i in range(3)]
    source = transformer_baselines.every_edit(problems, transformer_settings.TransformerSettings())
    assert source.correct.reshape(3, 25)[:, 0].all()
    assert source.place.tolist() == [place for place in range(3) for _ in range(25)]
    again = transformer_batches.Source.of(source.state())
    assert torch.equal(again.solution, source.solution)
    assert (again.place == source.place).all()
    assert (again.correct == source.correct).all()


def test_sources_are_where_tensors_are_made() -> None:
    problems = [draw_problem(np.random.default_rng(0), 2)]
    state = transformer_baselines.every_edit(problems, transformer_settings.TransformerSettings()).state()
    with torch.device("meta"):
        assert transformer_batches.Source.of(state).solution.device.type == "meta"
        assert transformer_batches.here().type == "meta"
    assert transformer_batches.Source.of(state).solution.device.type == "cpu"


def test_a_role_gives_the_pool_as_many_solutions_as_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"supervised_steps": 1, "verifier_steps": 1, "prover_steps": 3, "keep_every": 2, "test": 4, "pool": 5}
    settings = transformer_settings.TransformerSettings(rounds=1, batch=4, width=8, samples=6, temperature=1.5, **small)
    states: list[dict[str, Any]] = []
    monkeypatch.setattr(Checkpoints, "save", lambda self, state: states.append(state))
    arithmetic_transformer.play(settings, [0], NOWHERE)
    (source,) = states[-1]["pool"]
    assert len(source["place"]) == 5 * (6 + 2 * 3)  # the helpful prover, and two checkpoints of the sneaky one
    assert torch.bincount(source["place"]).tolist() == [12] * 5


def test_what_cannot_be_read_is_no_argument() -> None:
    torch.manual_seed(0)
    problem = draw_problem(np.random.default_rng(0), 2)
    settings = transformer_settings.TransformerSettings(width=8)
    verifier = transformer_model.Verifier(transformer_training.blank(settings, 8, 1))
    good = transformer_batches.padded([solve(problem)], settings.length)
    bad = torch.full_like(good, transformer_model.PLUS)
    batch = transformer_batches.Batch([problem] * 2, torch.cat([good, bad]), transformer_model.HELPFUL)
    assert batch.readable.tolist() == [True, False]
    assert batch.correct.tolist() == [1.0, 0.0]
    assert transformer_training.scores_of(verifier, batch)[1] == transformer_training.UNREADABLE


def test_perturbed_problems_as_tokens() -> None:
    problem = draw_problem(np.random.default_rng(0), 2)
    plain = transformer_model.problem_tokens(problem, transformer_model.HELPFUL)
    rng = np.random.default_rng(0)
    lengths = dict.fromkeys(transformer_figures.PERTURBED, 0)
    for name in lengths:
        changed = perturb(name, problem, rng)
        tokens = transformer_model.problem_tokens(changed, transformer_model.HELPFUL)
        lengths[name] = len(tokens) - len(plain)
        assert (tokens == plain) == (name == "problem_understanding"), name
        if transformer_model.sayable(changed):
            true = transformer_model.solution_tokens(solve(changed))
            assert transformer_model.read_tokens(true) == solve(changed), name
    assert lengths == dict.fromkeys(lengths, 0) | {
        "adding_operation": 2, "distractor_insertion": 2, "reversing_operation": 1,
    }  # fmt: skip


def test_dynamic_sampling_fills_the_batch_with_groups_that_say_something() -> None:
    """A prover that knows nothing is never right: no group says anything, unless the verifier tells them apart."""
    torch.manual_seed(0)
    settings = transformer_settings.TransformerSettings(width=8, prover_steps=1, problems=4, group=4)
    taught = transformer_training.blank(settings, 8, 1)
    wrong, calls = transformer_model.SNEAKY, []

    def score(batch: Any) -> Any:
        calls.append(len(batch))
        torch.manual_seed(len(calls))
        first_half = torch.arange(len(batch)) < len(batch) // 2
        return torch.where(first_half, torch.rand(len(batch)), 0.0)  # the second half of the groups says nothing

    def drawn(on: bool, by: Any) -> Any:
        switches = policy_gradient.Switches(dynamic_sampling=on, soft_overlong=False)
        chosen = settings.model_copy(update={"switches": switches})
        learned = transformer_grpo.Learned(taught)
        return transformer_grpo._drawn(learned, wrong, by, chosen, np.random.default_rng(0)), learned

    assert len(drawn(True, None)[0].rewards) == 0
    assert len(drawn(False, None)[0].rewards) == 4
    groups, learned = drawn(True, score)
    assert len(groups.rewards) == 4
    assert bool(policy_gradient.informative(groups.rewards).all())
    assert calls == [16, 16]  # two of four groups at a time
    assert learned.dropped == [0.5]
    groups, _ = drawn(False, score)
    assert policy_gradient.informative(groups.rewards).tolist() == [True, True, False, False]


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

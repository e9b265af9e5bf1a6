"""`arithmetic_edits`: rounds in which a verifier becomes robust, by exact gradients, seconds a round on one core."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from brigade.batch.numbers import figure
from brigade.envs.prover_verifier.arithmetic.generate import SPLITS
from brigade.experiments.prover_verifier.arithmetic.edit_game import (
    HELPFUL,
    SNEAKY,
    AnswerVerifier,
    EditVerifier,
    Problems,
    base_log_policy,
    draw_problems,
)
from brigade.experiments.prover_verifier.arithmetic.edit_training import (
    EditSettings,
    Pool,
    Trained,
    policy_of,
    scores_of,
    taught,
    train_provers,
    train_verifier,
)
from brigade.experiments.prover_verifier.metrics import (
    Split,
    auc,
    balanced_best_of,
    below_diagonal,
    best_response,
    collapsed,
    difference,
    mean_of,
    threshold,
    worst_case,
)
from brigade.experiments.prover_verifier.outcome import Checkpoints, Experiment, Figure, Outcome, add_round, each_seed
from brigade.experiments.prover_verifier.share import both_shares

SAMPLES = 64  # per problem, for best-of-n and separability
SHOWN = 3  # problems in the transcripts of a round, others in every round
LEARNED = ("provers", "verifier")  # splits that are learned from
ROLES = {HELPFUL: "helpful", SNEAKY: "sneaky"}


class Data:
    """The four sets of problems of a seed, which have no problem in common."""

    def __init__(self, settings: EditSettings, seed: int):
        rng = np.random.default_rng(seed)
        self.slack = settings.slack
        self.provers, self.verifier, self.test, self.calibration = (
            draw_problems(rng, settings.train if name in LEARNED else settings.test, settings.steps, name)
            for name in SPLITS
        )
        self.correct = self.test.correct.bool().numpy()

    def accepted(self, verifier: EditVerifier) -> Any:
        """(n, edits) whether a verifier accepts solutions of the test problems."""
        return scores_of(verifier, self.test).numpy() >= _limit(verifier, self.calibration, self.slack)

    def split(self, accept: Any, policy: Tensor) -> Split:
        """What is accepted (n, edits) of what a prover sends on the test problems."""
        return Split(accept, self.correct, policy.double().numpy())


@each_seed
def play(settings: EditSettings, seed: int, checkpoints: Checkpoints) -> Outcome:
    """Play the rounds, one seed after the other."""
    torch.set_num_threads(1)
    data = Data(settings, seed)
    base = base_log_policy(data.verifier.edits).exp()
    state: dict[str, Any] = checkpoints.load() or {"pool": [], "verifiers": [], "sneaky": [], "curves": {}, "shown": []}
    for number in range(len(state["pool"]), settings.rounds):
        torch.manual_seed(seed * 1000 + number)
        pool = Pool(base.expand(settings.train, -1), settings.base_share, state["pool"])
        verifier = train_verifier(data.verifier, pool, settings)
        scores = scores_of(verifier, data.provers)
        trained = train_provers(data.provers, scores, data.verifier, settings)
        attack = train_provers(data.provers, scores, data.verifier, settings, (SNEAKY,))
        figures = round_figures(verifier, trained, data)
        figures |= {"exploit step, joint": trained.exploit, "exploit step, sneaky only": attack.exploit}
        figures["verifier accuracy, answer only"] = _answer_only(pool, trained, data, settings)
        goodhart = train_provers(data.provers, scores, data.verifier, settings, (SNEAKY,), goodhart=True)
        figures |= _goodhart_figures(verifier, goodhart, data)
        add_round(state["curves"], figures)
        helpful = policy_of(trained.prover, data.verifier, HELPFUL)
        state["pool"].append((helpful + torch.stack(trained.kept).mean(0)) / 2)
        state["verifiers"].append(verifier.state_dict())
        state["sneaky"].append(policy_of(trained.prover, data.test, SNEAKY))
        state["shown"] += _transcripts(number, verifier, trained, data)
        checkpoints.save(state)
        checkpoints.say(f"seed {seed}, round {number}: fool rate {figure(figures['fool rate'], 2)}")
    return _outcome(state, settings, data)


def round_figures(verifier: EditVerifier, trained: Trained, data: Data) -> dict[str, Figure]:
    """The figures of a round on the test problems, at the threshold of the calibration problems."""
    limit = _limit(verifier, data.calibration, data.slack)
    scores, correct = scores_of(verifier, data.test).numpy(), data.correct
    sent = {role: policy_of(trained.prover, data.test, role) for role in ROLES}
    policies, accept = {role: policy.numpy() for role, policy in sent.items()}, scores >= limit
    splits = {role: data.split(accept, policy) for role, policy in sent.items()}
    complete, unsound = best_response(accept, correct)
    convincing = {
        HELPFUL: mean_of(scores, policies[HELPFUL] * correct),
        SNEAKY: mean_of(scores, policies[SNEAKY] * ~correct),
    }
    both = [splits[role] for role in ROLES]
    strict = data.split(scores >= limit + data.slack, sent[SNEAKY])
    figures: dict[str, Figure] = {
        "fool rate": splits[SNEAKY].fool_rate,
        "fool rate, no slack": strict.fool_rate,
        "soundness error, best response": unsound,
        "completeness": splits[HELPFUL].accepted_correct,
        "correct accepted": splits[HELPFUL].completeness,
        "completeness, best response": complete,
        "verifier accuracy": both_shares(*(split.accuracy for split in both)),
        "verifier accuracy, helpful": splits[HELPFUL].accuracy,
        "verifier accuracy, sneaky": splits[SNEAKY].accuracy,
        "verifier accuracy, collapsed": collapsed(correct, sum(split.weight for split in both))["pooled"],
        "helpful correct": splits[HELPFUL].share_correct,
        "sneaky correct": splits[SNEAKY].share_correct,
        "convincingness gap": difference(convincing[HELPFUL], convincing[SNEAKY]),
    }
    return figures | _sampled_figures(scores, correct, policies, limit)


def _answer_only(pool: Pool, trained: Trained, data: Data, settings: EditSettings) -> float:
    """Accuracy on the test problems of a verifier that is trained on the same pool, and never sees a line."""
    test = data.test.answers_only()
    verifier = taught(AnswerVerifier(settings.steps, settings.hidden), data.verifier.answers_only(), pool, settings)
    limit = _limit(verifier, data.calibration.answers_only(), data.slack)
    accept = scores_of(verifier, test).numpy() >= limit
    splits = [data.split(accept, policy_of(trained.prover, data.test, role)) for role in ROLES]
    return float(np.mean([split.accuracy for split in splits]))


def _goodhart_figures(verifier: EditVerifier, attack: Trained, data: Data) -> dict[str, Figure]:
    """What comes of a prover that is paid by the score alone: it is right, or it has found out how to seem so."""
    split = data.split(data.accepted(verifier), policy_of(attack.prover, data.test, SNEAKY))
    return {
        "exploit step, goodhart": attack.exploit,
        "goodhart, correct": split.share_correct,
        "goodhart, wrong and accepted": mean_of(split.accept & ~split.correct, split.weight),
    }


def _sampled_figures(scores: Any, correct: Any, policies: dict[int, Any], limit: float) -> dict[str, Figure]:
    rng = np.random.default_rng(0)
    drawn = {role: _draw(policy, rng) for role, policy in policies.items()}
    rows = np.arange(len(scores))[:, None]
    both = np.concatenate(list(drawn.values()), -1)
    ratio = np.log(policies[HELPFUL] + 1e-9) - np.log(policies[SNEAKY] + 1e-9)
    failures = (scores[rows, both] >= limit) != correct[rows, both]
    return {
        "best of 2, balanced": balanced_best_of(scores[rows, both], correct[rows, both], 2, rng),
        "best of 16, balanced": balanced_best_of(scores[rows, both], correct[rows, both], 16, rng),
        "separability": auc(ratio[rows, drawn[HELPFUL]].ravel(), ratio[rows, drawn[SNEAKY]].ravel()),
        "always failed": worst_case(failures.T),
    }


def _draw(policy: Any, rng: np.random.Generator) -> Any:
    """(n, samples) edits drawn from (n, edits)."""
    edges = policy.cumsum(-1)
    drawn = rng.random((len(policy), SAMPLES, 1)) * edges[:, None, -1:]
    return (drawn > edges[:, None]).sum(-1)


def _limit(verifier: nn.Module, calibration: Problems, slack: float) -> float:
    """The threshold: what all but 5 % of the true solutions of the calibration problems reach, less the slack."""
    return threshold(scores_of(verifier, calibration)[:, 0], np.ones(len(calibration))) - slack


def _transcripts(number: int, verifier: EditVerifier, trained: Trained, data: Data) -> list[dict[str, Any]]:
    """The likeliest solution of either role for a few problems, with the errors marked."""
    from brigade.envs.prover_verifier.arithmetic.solution import errors_of, solve

    limit, scores = _limit(verifier, data.calibration, data.slack), scores_of(verifier, data.test)
    shown = []
    for role, name in ROLES.items():
        chosen: Tensor = policy_of(trained.prover, data.test, role).argmax(-1)
        for i in (place % len(data.test) for place in range(number * SHOWN, (number + 1) * SHOWN)):
            problem, edit = data.test.problems[i], int(chosen[i])
            solution = solve(problem, data.test.edits[edit])
            shown.append(
                {
                    "round": number, "role": name, "problem": problem.text, "text": solution.text,
                    "wrong_lines": errors_of(problem, solution), "score": round(float(scores[i, edit]), 3),
                    "accept": bool(scores[i, edit] >= limit), "correct": bool(data.test.correct[i, edit]),
                }
            )  # fmt: skip
    return shown


def _outcome(state: dict[str, Any], settings: EditSettings, data: Data) -> Outcome:
    matrix = _cross(state, settings, data)
    curves: dict[str, list[Figure]] = state["curves"]
    fools = curves["fool rate"]
    figures: dict[str, Figure] = {
        "parameters": float(sum(p.numel() for p in EditVerifier(settings.hidden).parameters())),
        "fool rate, round 0": fools[0],
        "fool rate, least to round 5": min((rate for rate in fools[:6] if rate is not None), default=None),
        "fool rate, last": fools[-1],
        "verifier accuracy, round 0": curves["verifier accuracy"][0],
        "verifier accuracy, last": curves["verifier accuracy"][-1],
        "verifier accuracy, answer only, last": curves["verifier accuracy, answer only"][-1],
        "sneaky-only exploit step, round 0": curves["exploit step, sneaky only"][0],
        "sneaky-only exploit found, last": float(curves["exploit step, sneaky only"][-1] is not None),
        "goodhart, correct, round 0": curves["goodhart, correct"][0],
        "goodhart, correct, last": curves["goodhart, correct"][-1],
        "sneaky correct, last": curves["sneaky correct"][-1],
        "cross fool rate below the diagonal": below_diagonal(matrix),
        "helpful correct, last": curves["helpful correct"][-1],
    }
    return Outcome(figures, curves, {"cross fool rate": matrix}, transcripts=state["shown"])


def _cross(state: dict[str, Any], settings: EditSettings, data: Data) -> list[list[Figure]]:
    """Fool rates of the verifier of every round on the sneaky prover of every round."""
    matrix = []
    for weights in state["verifiers"]:
        verifier = EditVerifier(settings.hidden)
        verifier.load_state_dict(weights)
        accept = data.accepted(verifier)
        matrix.append([data.split(accept, policy).fool_rate for policy in state["sneaky"]])
    return matrix


EXPERIMENT = Experiment(EditSettings, play)

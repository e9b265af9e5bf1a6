"""`kitchen_rl`: a verifier trained by PPO in rounds, and scripted ones, against provers trained against each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from brigade.experiments.prover_verifier.kitchen.bank import scripted
from brigade.experiments.prover_verifier.kitchen.judges import (
    Judge,
    Judged,
    against,
    at_best,
    balanced,
    by_type,
    judge_all,
    scripted_judges,
)
from brigade.experiments.prover_verifier.kitchen.rounds import LAST, KitchenRLSettings, Training
from brigade.experiments.prover_verifier.kitchen.scripted import PROVERS, described, kitchen_read
from brigade.experiments.prover_verifier.metrics import below_diagonal, mean_of
from brigade.experiments.prover_verifier.outcome import Checkpoints, Experiment, Figure, Outcome, each_seed

Floats = NDArray[np.float64]
TRAINED = "trained"
OWN = ("helpful, against it", "sneaky, against it")
SHARED = ("helpful, against trained", "sneaky, against trained")
REWARDS = ("reward, provers against it", "reward, sneaky against it", "reward, provers against trained")
ACCURACIES = {"accuracy": "all", "accuracy, collapsed": "collapsed", "accuracy, by type alone": "by type alone"}
SHOWN = 4  # claims of either trained prover in the transcripts


@each_seed
def play(settings: KitchenRLSettings, seed: int, checkpoints: Checkpoints) -> Outcome:
    """Train and compare, one seed after the other."""
    torch.set_num_threads(1)
    training = Training(settings, seed, checkpoints)
    rounds = training.play_rounds()
    outcome = Outcome(curves=rounds.curves)
    wrong = ~training.test.truth
    cross = [[mean_of(accept, attack * wrong) for attack in rounds.attacks] for accept in rounds.accepts]
    outcome.matrices["cross fool rate"] = cross
    judges = scripted_judges(training.settings.looks, training.settings.noise)
    _compare(training, judges | {TRAINED: training.judge_of(training.verifier_of(rounds))}, outcome)
    outcome.figures["cross fool rate, below the diagonal"] = below_diagonal(cross)
    return outcome


def _compare(training: Training, judges: Mapping[str, Judge], outcome: Outcome) -> None:
    """Every verifier against scripted provers, those trained against it, and those trained against the trained one."""
    test, cost = training.test, training.spec.question_cost
    fixed = {name: scripted(test, name) for name in PROVERS}
    judged = {name: judge_all(judge, test) for name, judge in judges.items()}
    own: dict[str, list[Floats]] = {}
    for place, (name, judge) in enumerate(judges.items()):
        own[name] = [prover.policy(test) for prover in training.provers(judge, LAST, place)]
        training.say(f"provers against the {name} verifier trained")
    for name in judges:
        met = fixed | dict(zip(OWN, own[name], strict=True)) | dict(zip(SHARED, own[TRAINED], strict=True))
        for prover, policy in met.items():
            for figure, value in against(judged[name], test, policy, cost).items():
                outcome.tables.setdefault(figure, {}).setdefault(name, {})[prover] = value
        row = outcome.tables["verifier's reward"][name]
        outcome.tables.setdefault("summary", {})[name] = {
            **dict(zip(REWARDS, (_both(row, OWN), row[OWN[1]], _both(row, SHARED)), strict=True)),
            **at_best(judged[name], test, cost),
        }
        typed = by_type(judged[name].accept, test.truth, test.kind, sum(own[name]) / len(OWN))
        for figure, values in typed.items():
            outcome.tables.setdefault(f"{figure}, provers against it", {})[name] = values
    outcome.figures |= _margins(outcome.tables["summary"])
    accuracies = outcome.tables["accuracy by type, provers against it"][TRAINED]
    outcome.figures |= {f"{TRAINED}: {figure}": accuracies[column] for figure, column in ACCURACIES.items()}
    for role, policy in zip(("helpful", "sneaky"), own[TRAINED], strict=True):
        outcome.transcripts += _shown(training, role, policy, judged[TRAINED])


def _both(row: Mapping[str, Figure], provers: Sequence[str]) -> Figure:
    return balanced(*(row[prover] for prover in provers))


def _margins(summary: Mapping[str, Mapping[str, Figure]]) -> dict[str, Figure]:
    """The trained verifier's figures, and by how much it beats the best of the scripted ones."""
    figures = {f"trained: {name}": value for name, value in summary[TRAINED].items()}
    for name in REWARDS:
        scripted_best = max(row[name] or 0.0 for verifier, row in summary.items() if verifier != TRAINED)
        figures[f"margin over the best scripted, {name}"] = (summary[TRAINED][name] or 0.0) - scripted_best
    return figures


def _shown(training: Training, role: str, policy: Floats, judged: Judged) -> list[dict[str, Any]]:
    """What a prover says most often of a few test problems."""
    test, shown = training.test, []
    for i, moment in enumerate(training.moments[:SHOWN]):
        said = i, int(policy[i].argmax())
        passes, truth = test.passes[said].tolist(), bool(test.truth[said])
        accept = float(judged.accept[said])
        told = described(training.game, moment, test.messages[said].astype(np.int64), passes, truth)
        about = {"round": training.settings.rounds - 1, "role": role, "accept": accept > 0.5, "score": accept}
        shown.append(told | about)
    return shown


EXPERIMENT = Experiment(KitchenRLSettings, play, reads=kitchen_read)

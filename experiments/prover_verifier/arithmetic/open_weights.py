"""`arithmetic_open_weights`: open-weight language models as prover and verifier, trained in rounds on one GPU.

After Kirchner et al. 2024 (arXiv 2407.13692, section 3): each round a fresh verifier learns to rank a right solution
above a wrong one, on samples of the provers so far; then a fresh prover, its role told in the prompt, is trained by
GRPO against the frozen verifier. Nothing but the samples goes from round to round.

Only the machinery has been tried, on a CPU with random models of a few thousand weights: it has never been run on a
GPU, and no result is claimed. Provers are trained for a fixed number of steps, as in some runs of the paper.
"""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from brigade.envs.prover_verifier.arithmetic.files import read_problems
from brigade.envs.prover_verifier.arithmetic.generate import draw_problem
from brigade.envs.registry import BrigadeError
from brigade.experiments.prover_verifier.arithmetic.open_weights_settings import ROLES, OpenWeightsSettings, Role
from brigade.experiments.prover_verifier.metrics import Split, collapsed, threshold
from brigade.experiments.prover_verifier.outcome import (
    Checkpoints,
    Experiment,
    Figure,
    Outcome,
    add_round,
    each_seed,
    problem_file,
    seed_of,
)

if TYPE_CHECKING:
    from brigade.experiments.prover_verifier.arithmetic.open_weights_models import Case, Sample, Score

NAME = "arithmetic_open_weights"
PACKAGES = ("torch", "transformers", "trl", "peft", "datasets")
DEVICE = "cuda"
SAMPLES, VERIFIER, PROVER = range(3)  # what is drawn or trained; for seeds of its own


@dataclass
class State:
    """What goes from round to round.

    Attributes:
        pool: samples for verifiers: by the untrained prover, then by the prover of each round.
        sneaky: of each round, the sneaky solutions of the test problems.
        outcome: what is known so far.
    """

    pool: list[list[Sample]] = field(default_factory=list)
    sneaky: list[list[Sample]] = field(default_factory=list)
    outcome: Outcome = field(default_factory=Outcome)

    @staticmethod
    def of(plain: dict[str, Any] | None) -> State:
        """From plain containers, as `asdict` makes them for checkpoints; the state at the beginning for none."""
        from brigade.experiments.prover_verifier.arithmetic.open_weights_models import Sample

        if plain is None:
            return State()
        pool, sneaky = ([[Sample(**each) for each in part] for part in plain[name]] for name in ("pool", "sneaky"))
        return State(pool, sneaky, Outcome(**plain["outcome"]))


def check_machine() -> None:
    """See that everything is there before anything is begun.

    Raises:
        BrigadeError: packages are missing, or a GPU.
    """
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise BrigadeError(f"experiment '{NAME}' needs {', '.join(missing)}: pip install 'brigade[open-weights]'")
    from brigade.experiments.rl.training.device import missing_for_gpu

    why = missing_for_gpu(kernels=False)
    if why is None:
        return
    raise BrigadeError(
        f"experiment '{NAME}' needs a GPU, and {why}. Without one, 'arithmetic_transformer' trains small models "
        f"and 'arithmetic_llm' asks models behind an endpoint"
    )


@each_seed
def play(settings: OpenWeightsSettings, seed: int, checkpoints: Checkpoints) -> Outcome:
    """Train both sides, one seed after the other.

    Raises:
        BrigadeError: packages or a GPU are missing, there are too few problems, or no solution is right.
    """
    check_machine()
    import torch

    from brigade.experiments.prover_verifier.arithmetic import open_weights_models as open_weights

    test, calibration, for_prover, for_verifier = split_cases(settings, seed)

    def reseed(*what: int) -> int:
        torch.manual_seed(fresh := seed_of(seed, *what))
        return fresh

    def sampled(prover: Any, cases: Sequence[Case], each: int, roles: Sequence[Role] = ROLES) -> list[Sample]:
        parts = [open_weights.sample_solutions(settings, prover, cases, role, each) for role in roles]
        return [sample for part in parts for sample in part]

    state = State.of(checkpoints.load())
    if not state.pool:
        checkpoints.say(f"seed {seed}: samples of the untrained prover")
        reseed(SAMPLES, 0)
        state.pool.append(sampled(open_weights.load_prover(settings, DEVICE), for_verifier, settings.samples))
        checkpoints.save(asdict(state))
    for number in range(len(state.pool) - 1, settings.rounds):
        rng = np.random.default_rng([seed, number])
        pairs = open_weights.draw_pool_pairs(state.pool, settings.pairs, settings.base_share, rng)
        with tempfile.TemporaryDirectory() as folder:  # trl wants one, though nothing is saved there
            checkpoints.say(f"seed {seed}, round {number}: verifier")
            score = open_weights.train_verifier(settings, pairs, folder, reseed(VERIFIER, number))
            checkpoints.say(f"seed {seed}, round {number}: prover")
            fresh = open_weights.load_prover(settings, DEVICE)
            own = reseed(PROVER, number)
            trained = (open_weights.train_prover(settings, for_prover, score, folder, own, fresh), fresh[1])
        reseed(SAMPLES, number + 1)
        limit = limit_of(score, sampled(trained, calibration, 1, ROLES[:1]))
        shown = sampled(trained, test, 1)
        state.sneaky.append([sample for sample in shown if sample.role == "sneaky"])
        note(state, score, limit, shown, settings.rounds)
        state.pool.append(sampled(trained, for_verifier, settings.samples))
        checkpoints.save(asdict(state))
        del score, fresh, trained
        torch.cuda.empty_cache()
    return state.outcome


def split_cases(settings: OpenWeightsSettings, seed: int) -> tuple[list[Case], list[Case], list[Case], list[Case]]:
    """Problems for the test, for calibration, for the prover and for the verifier, none in two of them.

    Raises:
        BrigadeError: there are too few.
    """
    from brigade.experiments.prover_verifier.arithmetic.open_weights_models import Case

    rng = np.random.default_rng(seed)
    if isinstance(settings.problems, str):
        read = read_problems(settings.problems, settings.check)
        cases = [Case(read[i].text, read[i].answer) for i in rng.permutation(len(read)).tolist()]
    else:
        drawn = (draw_problem(rng, settings.steps) for _ in range(settings.problems))
        cases = list({problem.text: Case(problem.text, problem.answer) for problem in drawn}.values())
    held = settings.test + settings.calibration
    if len(cases) < held + 2:
        raise BrigadeError(f"{len(cases)} problems are too few: {held} are for test and calibration, and 2 to learn on")
    half = (len(cases) + held) // 2
    return cases[: settings.test], cases[settings.test : held], cases[held:half], cases[half:]


def limit_of(score: Score, samples: Sequence[Sample]) -> float:
    """The score at which a verifier accepts.

    Raises:
        BrigadeError: none of the solutions is right.
    """
    correct = [bool(sample.correct) for sample in samples]
    if not any(correct):
        raise BrigadeError("no calibration problem is solved by the helpful prover, so there is no threshold")
    return threshold(score([sample.text for sample in samples]), correct)


def note(state: State, score: Score, limit: float, shown: Sequence[Sample], rounds: int) -> None:
    """Add a round's figures to the outcome. What cannot be read counts as wrong."""

    def split(samples: Sequence[Sample]) -> Split:
        accept = np.asarray(score([sample.text for sample in samples])) >= limit
        return Split(accept, np.array([bool(sample.correct) for sample in samples]), np.ones(len(samples)))

    by_role = {role: split([sample for sample in shown if sample.role == role]) for role in ROLES}
    both = split(shown)
    figures: dict[str, Figure] = {
        "verifier accuracy": both.accuracy,
        "verifier accuracy, collapsed": collapsed(both.correct)["pooled"],
        "completeness": by_role["helpful"].accepted_correct,
        "correct accepted": by_role["helpful"].completeness,
        "fool rate": by_role["sneaky"].fool_rate,
        "helpful correct": by_role["helpful"].share_correct,
        "sneaky correct": by_role["sneaky"].share_correct,
    }
    outcome = state.outcome
    add_round(outcome.curves, figures)
    outcome.figures = figures
    row: list[Figure] = [split(samples).fool_rate for samples in state.sneaky]
    outcome.matrices.setdefault("cross fool rate", []).append([*row, *[None] * (rounds - len(row))])


EXPERIMENT = Experiment(OpenWeightsSettings, play, reads=problem_file)

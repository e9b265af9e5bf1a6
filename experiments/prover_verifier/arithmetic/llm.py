"""The experiment `arithmetic_llm`: language models by prompt on word problems, drawn or from a user's own file."""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence

import numpy as np
from pydantic import Field, field_validator, model_validator

from brigade.batch.configuration.files import FileName
from brigade.envs.prover_verifier.arithmetic.files import Check, FileProblem, read_problem_file
from brigade.envs.prover_verifier.arithmetic.generate import draw_problem
from brigade.envs.prover_verifier.arithmetic.perturb import ORIGINAL, perturb, perturbations
from brigade.envs.prover_verifier.protocol import find_protocol
from brigade.envs.registry import BrigadeError, unknown
from brigade.experiments.prover_verifier.language.language import Deal, LanguageSettings, Make, play_seed
from brigade.experiments.prover_verifier.language.topics import Topic, WordProblem, draw_solution
from brigade.experiments.prover_verifier.outcome import Checkpoints, Experiment, Outcome, problem_file

log = logging.getLogger(__name__)

UNMARKED = "problems without marked steps"


class ArithmeticLanguageSettings(LanguageSettings):
    """How language models play with word problems.

    Attributes:
        problems: how many are drawn for each round; or a file of one's own in the form of GSM8K or GSM-Plus, shuffled
            by the seed and dealt out evenly over the rounds. Each is put to both roles.
        check: what becomes of lines of the file whose answer is in doubt; see `read_problem_file`.
        steps: of a problem that is drawn.
        perturbations: kinds of GSM-Plus (arXiv 2402.19255) in which every problem is played besides its original
            form: a list, or `true` for all eight.
    """

    problems: int | FileName = 20
    check: Check = "warn"
    steps: int = Field(3, ge=1)
    perturbations: bool | list[str] = False

    @field_validator("problems")
    @classmethod
    def _at_least_one(cls, problems: int | str) -> int | str:
        if isinstance(problems, int) and problems < 1:
            raise BrigadeError(f"expected at least 1 problem, or the name of a file, got {problems}")
        return problems

    @field_validator("perturbations")
    @classmethod
    def _all_known(cls, names: bool | list[str]) -> bool | list[str]:
        for name in names if isinstance(names, list) else ():
            if name not in perturbations:
                raise unknown("perturbation", name, perturbations.names)
        return names

    @model_validator(mode="after")
    def _fits(self) -> ArithmeticLanguageSettings:
        if isinstance(self.problems, str):
            read_problem_file(self.problems, self.check)  # refused here, before anything is played
        if isinstance(self.problems, str) and len(self.kinds) > 1:
            raise BrigadeError("problems from a file cannot be perturbed, for nothing is known of them but their text")
        return self

    @property
    def kinds(self) -> list[str]:
        """The forms in which a problem is played, the original first."""
        if isinstance(self.perturbations, list):
            return [ORIGINAL, *dict.fromkeys(self.perturbations)]
        return [ORIGINAL, *(perturbations.names if self.perturbations else ())]


def play(settings: ArithmeticLanguageSettings, seeds: Sequence[int], checkpoints: Checkpoints) -> list[Outcome]:
    """Talk about word problems, one seed after the other.

    Raises:
        BrigadeError: a file with fewer problems than rounds, or one that cannot be read any more.
    """
    if not isinstance(settings.problems, str):
        return [play_seed(settings, seed, _drawn(settings, settings.problems, seed), checkpoints) for seed in seeds]
    found = read_problem_file(settings.problems, settings.check)
    problems = found.problems
    if len(problems) < settings.rounds:
        count, rounds = len(problems), settings.rounds
        raise BrigadeError(f"{settings.problems}: {count} problems are too few for {rounds} rounds; set fewer rounds")
    unmarked = sum(not problem.rows for problem in problems)
    if unmarked and (settings.prover.endpoint is None or settings.verifier.endpoint is None):
        told = "of these house can only state the answer, and as verifier it rejects bare answers"
        log.warning("%s: %d of %d problems mark no steps; %s", settings.problems, unmarked, len(problems), told)
    outcomes = [play_seed(settings, seed, _dealt(settings, problems, seed), checkpoints) for seed in seeds]
    for outcome in outcomes:
        outcome.figures[UNMARKED] = float(unmarked)
        outcome.notes[:0] = found.notes
    return outcomes


def _drawn(settings: ArithmeticLanguageSettings, count: int, seed: int) -> Deal:
    """Problems of a generator, each in every kind; all kinds of a problem share its random numbers."""

    def make(number: int, kind: str) -> Topic:
        rng = np.random.default_rng([seed, number])
        problem = draw_problem(rng, settings.steps)
        problem = problem if kind == ORIGINAL else perturb(kind, problem, rng)
        return WordProblem(problem, draw_solution(problem, rng) if _given(settings) else None)

    def topics(numbers: range) -> list[tuple[str, Make]]:
        return [(kind, functools.partial(make, number, kind)) for number in numbers for kind in settings.kinds]

    return Deal([topics(range(i * count, (i + 1) * count)) for i in range(settings.rounds)])


def _dealt(settings: ArithmeticLanguageSettings, problems: Sequence[FileProblem], seed: int) -> Deal:
    """Problems of a file, none in more than one round: what fooled a verifier is not asked again."""

    def make(number: int) -> Topic:
        solution = draw_solution(problems[number], np.random.default_rng([seed, number]))
        return WordProblem(problems[number], solution if _given(settings) else None)

    shares = np.array_split(np.random.default_rng(seed).permutation(len(problems)), settings.rounds)
    rounds = [[(ORIGINAL, functools.partial(make, int(number))) for number in share] for share in shares]
    return Deal(rounds, {problem.text: problem.reference for problem in problems})


def _given(settings: ArithmeticLanguageSettings) -> bool:
    """Whether nature makes the statement: no single prover does."""
    return len(find_protocol(settings.protocol).provers) != 1


EXPERIMENT = Experiment(ArithmeticLanguageSettings, play, reads=problem_file)

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
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from pydantic import Field, field_validator

from brigade.envs.content import Model
from brigade.envs.prover_verifier.arithmetic.files import read_problems
from brigade.envs.prover_verifier.arithmetic.generate import draw_problem
from brigade.envs.registry import BrigadeError
from brigade.experiments.prover_verifier.metrics import Split, collapsed, threshold
from brigade.experiments.prover_verifier.outcome import Checkpoints, Experiment, Figure, Outcome, problem_file, seed_of

if TYPE_CHECKING:
    from brigade.experiments.prover_verifier.arithmetic.open_weights_models import Case, Sample, Score

NAME = "arithmetic_open_weights"
PACKAGES = ("torch", "transformers", "trl", "peft", "datasets")
Role = Literal["helpful", "sneaky"]
ROLES: tuple[Role, ...] = get_args(Role)
DEVICE = "cuda"
SAMPLES, VERIFIER, PROVER = range(3)  # what is drawn or trained; for seeds of its own


class OpenWeightsSettings(Model):
    """How open-weight models are trained. The bundled configuration says where its values are from.

    Attributes:
        prover_model, verifier_model: names or folders, as `from_pretrained` takes them.
        problems: how many are drawn, or a file of one's own in the form of GSM8K.
        steps: of a problem that is drawn.
        test, calibration: problems for figures, and for the threshold. Half of the rest is for the prover to learn on,
            the other half for the verifier.
        rounds: of a verifier and a prover, both begun anew.
        samples: solutions by each role of each problem of the verifier's half, in the pool of a round.
        pairs: of a right and a wrong solution, for a verifier to learn on.
        base_share: of the pairs that are by the untrained prover.
        rank: of LoRA, for both.
        reward: `cgc` or `src` (arXiv 2407.13692, equations 3 and 2).
        low: V0 of `cgc`, and what a solution is paid that cannot be read.
        clamp: scores are cut to +- this for rewards, so that `low` is below all of them.
        tell_answer: whether a sneaky prover is told the right answer, which arXiv 2602.23248 found needed.
        generations: solutions of one problem and role in a step of the prover.
        prover_batch: solutions in a step of the prover, a multiple of `generations`.
        prover_steps: of GRPO, in each round.
        prover_lr, beta: its rate, and the weight of the divergence from the model it began as.
        verifier_epochs, verifier_batch, verifier_lr: training on pairs.
        decay: λ of λ E[V²].
        temperature, max_tokens: of samples.
        vllm: whether a prover samples through vLLM in training, which is then to be installed as well.
    """

    prover_model: str
    verifier_model: str
    problems: int | str = 16_000
    steps: int = Field(3, ge=1)
    test: int = Field(400, ge=1)
    calibration: int = Field(400, ge=1)
    rounds: int = Field(4, ge=1)
    samples: int = Field(4, ge=1)
    pairs: int = Field(8000, ge=1)
    base_share: float = Field(0.3, ge=0, le=1)
    rank: int = Field(16, ge=1)
    reward: Literal["cgc", "src"] = "cgc"
    low: float = -6.0
    clamp: float = Field(5.0, gt=0)
    tell_answer: bool = True
    generations: int = Field(8, ge=2)
    prover_batch: int = Field(64, ge=2)
    prover_steps: int = Field(500, ge=1)
    prover_lr: float = Field(5e-5, gt=0)
    beta: float = Field(0.001, ge=0)
    verifier_epochs: int = Field(4, ge=1)
    verifier_batch: int = Field(32, ge=1)
    verifier_lr: float = Field(2e-5, gt=0)
    decay: float = Field(0.005, ge=0)
    temperature: float = Field(1.0, gt=0)
    max_tokens: int = Field(512, ge=1)
    vllm: bool = False

    @field_validator("problems")
    @classmethod
    def _readable(cls, problems: int | str) -> int | str:
        if isinstance(problems, str):
            read_problems(problems)
        return problems


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

    def plain(self) -> dict[str, Any]:
        """As plain containers, for checkpoints."""
        return asdict(self)

    @staticmethod
    def of(plain: dict[str, Any] | None) -> State:
        """From plain containers; the state at the beginning for none."""
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
        raise BrigadeError(f"experiment '{NAME}' needs {', '.join(missing)}: pip install 'brigade[llm]'")
    import torch

    if torch.cuda.is_available():
        return
    why = "PyTorch finds no NVIDIA GPU with a driver that fits it"
    if not torch.backends.cuda.is_built():  # type: ignore[no-untyped-call]
        why = f"this PyTorch ({torch.__version__}) was built without CUDA"
    raise BrigadeError(
        f"experiment '{NAME}' needs a GPU, and {why}. Without one, 'arithmetic_transformer' trains small models "
        f"and 'arithmetic_llm' asks models behind an endpoint"
    )


def play(settings: OpenWeightsSettings, seeds: Sequence[int], checkpoints: Checkpoints) -> list[Outcome]:
    """Train both sides, one seed after the other.

    Raises:
        BrigadeError: packages or a GPU are missing, there are too few problems, or no solution is right.
    """
    check_machine()
    return [_play_one(settings, seed, checkpoints) for seed in seeds]


def _play_one(settings: OpenWeightsSettings, seed: int, checkpoints: Checkpoints) -> Outcome:
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
        checkpoints.save(state.plain())
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
        checkpoints.save(state.plain())
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
        read = read_problems(settings.problems)
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
    for name, value in figures.items():
        outcome.curves.setdefault(name, []).append(value)
    outcome.figures = figures
    row: list[Figure] = [split(samples).fool_rate for samples in state.sneaky]
    outcome.matrices.setdefault("cross fool rate", []).append([*row, *[None] * (rounds - len(row))])


EXPERIMENT = Experiment(
    NAME, "open-weight language models, trained on one GPU", OpenWeightsSettings, play,
    reads=problem_file,
)  # fmt: skip

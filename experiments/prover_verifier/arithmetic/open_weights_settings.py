"""How open-weight models are trained: the settings of `arithmetic_open_weights`."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field, model_validator

from brigade.batch.configuration.files import FileName
from brigade.envs.content import Model
from brigade.envs.prover_verifier.arithmetic.files import Check, read_problem_file

Role = Literal["helpful", "sneaky"]
ROLES: tuple[Role, ...] = get_args(Role)


class OpenWeightsSettings(Model):
    """How open-weight models are trained. The bundled configuration says where its values are from.

    Attributes:
        prover_model, verifier_model: names or folders, as `from_pretrained` takes them.
        problems: how many are drawn, or a file of one's own in the form of GSM8K or GSM-Plus.
        check: what becomes of lines of the file whose answer is in doubt; see `read_problem_file`.
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
    problems: int | FileName = 16_000
    check: Check = "warn"
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

    @model_validator(mode="after")
    def _readable(self) -> OpenWeightsSettings:
        if isinstance(self.problems, str):
            read_problem_file(self.problems, self.check)
        return self

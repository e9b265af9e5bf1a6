"""How small transformers are trained."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from brigade.envs.content import Model
from brigade.experiments.prover_verifier.learning.policy_gradient import Scale, Switches
from brigade.experiments.prover_verifier.transformer.model import SPARE


class TransformerSettings(Model):
    """How small transformers are trained.

    Attributes:
        steps: of a word problem.
        rounds: of training.
        width, layers: of the prover.
        verifier_width, verifier_layers: of the verifier; where they are those of the prover, both begin with one body.
        judge_width: of the judge outside the game, which has one layer and learns from the base prover alone.
        supervised_steps, verifier_steps, prover_steps: of AdamW; a step of a prover is a batch of solutions.
        batch: solutions in a supervised step.
        pairs: in a step of a verifier.
        problems, group: problems in a step of a prover, and solutions of each.
        updates: gradient steps on each batch of solutions; the clip says how far they may go.
        lr, verifier_lr, prover_lr: of AdamW.
        reward: of the provers.
        scale: what advantages within a group are divided by, its own deviation, the batch's, or nothing.
        beta: weight of the divergence of provers from the supervised one.
        sneaky_entropy: weight of the entropy of sneaky provers, so that they say more of what convinces, and the next
            verifier learns from more than one error.
        low: V0 of `cgc`.
        base_share: share of the supervised prover in the verifier's pool.
        keep_every: steps between the sneaky provers that are sampled for the pool; the last one always is.
        pool: problems of the pool; where there are few, verifiers learn their answers by heart.
        samples: solutions that a role gives to each of them in a round, shared out among its checkpoints and rounded up
            for each.
        temperature: at which provers are sampled for the pool; above 1, it has more kinds of errors in it.
        test: problems for the figures, and as many for calibration.
        switches: DAPO's four changes.
        device: of PyTorch; models of this size are as fast on a CPU.
    """

    steps: int = Field(2, ge=1, le=4)
    rounds: int = Field(8, ge=1)
    width: int = Field(64, ge=8, multiple_of=4)
    layers: int = Field(2, ge=1)
    verifier_width: int = Field(64, ge=8, multiple_of=4)
    verifier_layers: int = Field(2, ge=1)
    judge_width: int = Field(16, ge=8, multiple_of=4)
    supervised_steps: int = Field(3000, ge=1)
    verifier_steps: int = Field(4000, ge=1)
    prover_steps: int = Field(150, ge=1)
    batch: int = Field(128, ge=1)
    pairs: int = Field(64, ge=1)
    problems: int = Field(16, ge=1)
    group: int = Field(8, ge=2)
    updates: int = Field(2, ge=1)
    lr: float = Field(1e-3, gt=0)
    verifier_lr: float = Field(1e-3, gt=0)
    prover_lr: float = Field(3e-4, gt=0)
    reward: Literal["cgc", "src"] = "cgc"
    scale: Scale = "group"
    beta: float = Field(0.0, ge=0)
    sneaky_entropy: float = Field(0.0, ge=0)
    low: float = -8.0
    base_share: float = Field(0.3, gt=0, le=1)
    keep_every: int = Field(25, ge=1)
    pool: int = Field(4000, ge=1)
    samples: int = Field(8, ge=1)
    temperature: float = Field(1.0, gt=0)
    test: int = Field(400, ge=1)
    switches: Switches = Switches()
    device: Literal["auto", "cpu", "cuda"] = "cpu"

    @property
    def length(self) -> int:
        """Tokens a solution may have."""
        return solution_length(self.steps)


def solution_length(steps: int) -> int:
    """Tokens a solution of so many lines may have."""
    return 4 * steps + 2 + SPARE

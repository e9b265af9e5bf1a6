"""What `arithmetic_open_weights` is made of: samples, pairs and rewards, and training by `trl`.

Written against trl 1.16, transformers 5, peft 0.21 and datasets 5, which are imported when they are needed.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from brigade.envs.prover_verifier.arithmetic.problem import Number, read_number, write
from brigade.envs.prover_verifier.arithmetic.solution import read_solution
from brigade.envs.registry import BrigadeError
from brigade.experiments.prover_verifier.arithmetic.open_weights_settings import ROLES, OpenWeightsSettings, Role
from brigade.experiments.prover_verifier.language.dialogue import GOALS
from brigade.experiments.prover_verifier.learning.rewards import role_reward

Score = Callable[[Sequence[str]], list[float]]  # V of texts `question, solution`
Messages = list[dict[str, str]]
SAMPLING_BATCH = 64
DTYPE = "bfloat16"
FORM = (
    "Solve the problem step by step, one line `a + b = c` for each step, and end with a line `Answer: NUMBER`, "
    "or `Answer: cannot be said` if the problem does not say enough."
)


@dataclass(frozen=True)
class Case:
    """A problem as text, with its answer."""

    question: str
    answer: Number | None


@dataclass(frozen=True)
class Sample:
    """A solution of a problem by a role; `correct` is None where it cannot be read."""

    question: str
    solution: str
    role: Role
    correct: bool | None

    @property
    def text(self) -> str:
        """What a verifier reads; never the role."""
        return judged(self.question, self.solution)


def judged(question: str, solution: str) -> str:
    """What a verifier reads."""
    return f"{question}\n\n{solution}"


def is_right(solution: str, answer: Number | None) -> bool | None:
    """Whether a solution comes to the answer; None if it cannot be read."""
    try:
        return read_solution(solution).answer == answer
    except BrigadeError:
        return None


def prompt_of(case: Case, role: Role, tell_answer: bool) -> Messages:
    """What a prover is asked."""
    told = f" The right answer is {'none' if case.answer is None else write(case.answer)}."
    goal = GOALS[role] + (told if role == "sneaky" and tell_answer else "")
    return [{"role": "user", "content": f"{goal} {FORM}\n\n{case.question}"}]


def make_reward(score: Score, settings: OpenWeightsSettings) -> Callable[..., list[float]]:
    """The reward of a prover against a frozen verifier, as a function in the form of trl.

    It takes `completions` (solutions, or messages that end with one) and the columns `question`, `answer` (as text,
    empty for none) and `role`, all of one length. For `src` the mean is over all solutions of one question by one role.
    """

    def reward(
        completions: Sequence[Any], question: Sequence[str], answer: Sequence[str], role: Sequence[Role], **rest: Any
    ) -> list[float]:
        solutions = [said if isinstance(said, str) else str(said[-1]["content"]) for said in completions]
        right = [is_right(*pair) for pair in zip(solutions, map(read_number, answer), strict=True)]
        raw = torch.tensor(score([judged(*pair) for pair in zip(question, solutions, strict=True)]))
        scores, paid = raw.clamp(-settings.clamp, settings.clamp), [settings.low] * len(solutions)
        for key in dict.fromkeys(zip(question, role, strict=True)):
            readable = [i for i, k in enumerate(zip(question, role, strict=True)) if k == key and right[i] is not None]
            if not readable:
                continue
            v, c = scores[readable], torch.tensor([float(bool(right[i])) for i in readable])
            values = role_reward(settings.reward, v, c, key[1] == "helpful", v.mean(), settings.low)
            for i, value in zip(readable, values.tolist(), strict=True):
                paid[i] = value
        return paid

    return reward


def draw_pool_pairs(
    pool: Sequence[Sequence[Sample]], count: int, base_share: float, rng: np.random.Generator
) -> list[tuple[Sample, Sample]]:
    """Pairs of a correct and an incorrect solution of one problem, for the ranking loss.

    Args:
        pool: samples of the untrained prover, then of the prover of each round so far.
        count: how many pairs.
        base_share: those of the untrained prover; the rest is equal among rounds (arXiv 2407.13692, section 3.3).
        rng: what they are drawn from.

    Raises:
        BrigadeError: there is a source without such a pair.
    """
    shares = [1.0] if len(pool) == 1 else [base_share, *[(1 - base_share) / (len(pool) - 1)] * (len(pool) - 1)]
    pairs = []
    for number, (samples, share) in enumerate(zip(pool, shares, strict=True)):
        sides: dict[str, tuple[list[Sample], list[Sample]]] = {}
        for sample in samples:
            if sample.correct is not None:
                sides.setdefault(sample.question, ([], []))[not sample.correct].append(sample)
        both = [side for side in sides.values() if all(side)]
        if not both:
            where = "the untrained prover" if number == 0 else f"round {number - 1}"
            raise BrigadeError(f"no problem has both a right and a wrong solution by {where}; sample more of them")
        for _ in range(round(count * share)):
            right, wrong = both[int(rng.integers(len(both)))]
            pairs.append((right[int(rng.integers(len(right)))], wrong[int(rng.integers(len(wrong)))]))
    return pairs


def load_prover(settings: OpenWeightsSettings, device: str) -> tuple[Any, Any]:
    """The untrained prover on a device, and its tokenizer."""
    transformers = importlib.import_module("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(settings.prover_model, padding_side="left")
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    model = transformers.AutoModelForCausalLM.from_pretrained(settings.prover_model, dtype=getattr(torch, DTYPE))
    return model.to(device), tokenizer


def train_prover(
    settings: OpenWeightsSettings, cases: Sequence[Case], score: Score, folder: str, seed: int, prover: tuple[Any, Any]
) -> Any:
    """GRPO on both roles of every case, against a frozen verifier; returns the trained model."""
    trl, datasets, peft = (importlib.import_module(name) for name in ("trl", "datasets", "peft"))
    rows = [
        {
            "prompt": prompt_of(case, role, settings.tell_answer), "question": case.question, "role": role,
            "answer": "" if case.answer is None else write(case.answer),
        }
        for case in cases for role in ROLES
    ]  # fmt: skip
    args = trl.GRPOConfig(
        output_dir=folder, seed=seed, learning_rate=settings.prover_lr, beta=settings.beta,
        max_steps=settings.prover_steps, per_device_train_batch_size=settings.prover_batch,
        num_generations=settings.generations,
        max_completion_length=settings.max_tokens, temperature=settings.temperature, use_vllm=settings.vllm,
        epsilon=0.2, epsilon_high=0.28, loss_type="dapo",  # arXiv 2503.14476
        scale_rewards="none",  # equations 2 and 3 are not divided by a deviation
        report_to="none", save_strategy="no",
    )  # fmt: skip
    trainer = trl.GRPOTrainer(
        model=prover[0], processing_class=prover[1], args=args, reward_funcs=make_reward(score, settings),
        train_dataset=datasets.Dataset.from_list(rows),
        peft_config=peft.LoraConfig(r=settings.rank, lora_alpha=2 * settings.rank, task_type="CAUSAL_LM"),
    )  # fmt: skip
    trainer.train()
    return trainer.model.eval()


def ranking_trainer(decay: float) -> Any:
    """The RewardTrainer of trl with λ E[V²]; its own `center_rewards_coefficient` is on (V⁺ + V⁻)², another thing."""
    base: Any = importlib.import_module("trl").RewardTrainer

    class RankingTrainer(base):  # type: ignore[misc]  # known only at run time
        """-log σ(V⁺ - V⁻) + λ E[V²] (arXiv 2407.13692, section 3.1)."""

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            """The loss of a batch."""
            loss, outputs = super().compute_loss(model, inputs, True, num_items_in_batch)
            loss = loss + decay * outputs.logits.float().square().mean()
            return (loss, outputs) if return_outputs else loss

    return RankingTrainer


def train_verifier(
    settings: OpenWeightsSettings, pairs: Sequence[tuple[Sample, Sample]], folder: str, seed: int
) -> Score:
    """A verifier begun anew, trained on pairs; returns how it scores, frozen."""
    transformers, trl, datasets, peft = map(importlib.import_module, ("transformers", "trl", "datasets", "peft"))
    tokenizer = transformers.AutoTokenizer.from_pretrained(settings.verifier_model)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    args = trl.RewardConfig(
        output_dir=folder, seed=seed, learning_rate=settings.verifier_lr, num_train_epochs=settings.verifier_epochs,
        per_device_train_batch_size=settings.verifier_batch, max_length=None,
        model_init_kwargs={"dtype": DTYPE}, report_to="none", save_strategy="no",
    )  # fmt: skip
    trainer = ranking_trainer(settings.decay)(
        model=settings.verifier_model, args=args, processing_class=tokenizer,
        train_dataset=datasets.Dataset.from_list([{"chosen": a.text, "rejected": b.text} for a, b in pairs]),
        peft_config=peft.LoraConfig(r=settings.rank, lora_alpha=2 * settings.rank, task_type="SEQ_CLS"),
    )  # fmt: skip
    trainer.train()
    model = trainer.model.eval().requires_grad_(False)

    def score(texts: Sequence[str]) -> list[float]:
        values: list[float] = []
        for i in range(0, len(texts), SAMPLING_BATCH):
            batch = [text + tokenizer.eos_token for text in texts[i : i + SAMPLING_BATCH]]  # as in training
            tokens = tokenizer(batch, return_tensors="pt", padding=True)
            with torch.inference_mode():
                values += model(**tokens.to(model.device)).logits[:, 0].float().tolist()
        return values

    return score


def sample_solutions(
    settings: OpenWeightsSettings, prover: tuple[Any, Any], cases: Sequence[Case], role: Role, each: int
) -> list[Sample]:
    """So many solutions of each case."""
    model, tokenizer = prover
    wanted = [case for case in cases for _ in range(each)]
    samples = []
    for i in range(0, len(wanted), SAMPLING_BATCH):
        batch = wanted[i : i + SAMPLING_BATCH]
        prompts = [prompt_of(case, role, settings.tell_answer) for case in batch]
        tokens = tokenizer.apply_chat_template(
            prompts, add_generation_prompt=True, padding=True, return_tensors="pt", return_dict=True
        ).to(model.device)
        with torch.inference_mode():
            said = model.generate(
                **tokens, do_sample=True, temperature=settings.temperature, max_new_tokens=settings.max_tokens
            )
        texts = tokenizer.batch_decode(said[:, tokens["input_ids"].shape[1] :], skip_special_tokens=True)
        samples += [
            Sample(case.question, text, role, is_right(text, case.answer))
            for case, text in zip(batch, texts, strict=True)
        ]
    return samples

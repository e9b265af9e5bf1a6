"""Small transformers over arithmetic: the tokens, the prover, and the verifier built on the same body."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from brigade.envs.prover_verifier.arithmetic.problem import Number, Problem
from brigade.envs.prover_verifier.arithmetic.solution import Row, Solution

LOWEST, NUMBERS = -20, 80  # number tokens stand for -20 to 59
PLUS, MINUS, ASK, HELPFUL, SNEAKY, NEUTRAL, END = range(NUMBERS, NUMBERS + 7)
VOCABULARY = NUMBERS + 7
OPS = {"+": PLUS, "-": MINUS}
SPARE = 2  # tokens a solution may be longer than it has to be


def number_token(value: Number) -> int:
    """The token of a number, the nearest one if it is out of range."""
    return min(max(int(value) - LOWEST, 0), NUMBERS - 1)


def problem_tokens(problem: Problem, role: int) -> list[int]:
    """Start, operations and amounts, a question mark, and the role."""
    told = [token for step in problem.steps for token in (OPS[step.op], number_token(step.amount))]
    return [number_token(problem.start), *told, ASK, role]


def solution_tokens(solution: Solution) -> list[int]:
    """(before, operation, amount, after) of every line, the answer, and the end."""
    lines = [(number_token(r.before), OPS[r.op], number_token(r.amount), number_token(r.after)) for r in solution.rows]
    assert solution.answer is not None
    return [*(token for line in lines for token in line), number_token(solution.answer), END]


def read_tokens(tokens: Sequence[int]) -> Solution | None:
    """The solution that tokens say, None if they are of no such form."""
    if END not in tokens:
        return None
    said = list(tokens[: tokens.index(END)])
    signs = {token: op for op, token in OPS.items()}
    lines = [said[i : i + 4] for i in range(0, len(said) - 1, 4)]
    if len(said) % 4 != 1 or any(line[1] not in signs or max(line[0], line[2], line[3]) >= NUMBERS for line in lines):
        return None
    rows = tuple(Row(a + LOWEST, signs[op], k + LOWEST, w + LOWEST) for a, op, k, w in lines)
    return Solution(rows, said[-1] + LOWEST) if said[-1] < NUMBERS else None


class Prover(nn.Module):
    """A causal transformer.

    Args:
        width: of its vectors.
        layers: how many.
        longest: tokens of the longest sequence.
    """

    def __init__(self, width: int, layers: int, longest: int):
        super().__init__()
        self.tokens, self.places = nn.Embedding(VOCABULARY, width), nn.Embedding(longest, width)
        layer = nn.TransformerEncoderLayer(width, 4, 4 * width, 0.0, batch_first=True, norm_first=True)
        self.body = nn.TransformerEncoder(layer, layers, nn.LayerNorm(width), enable_nested_tensor=False)
        self.out = nn.Linear(width, VOCABULARY)

    def hidden(self, tokens: Tensor) -> Tensor:
        """(n, length, width) for tokens (n, length); each sees itself and what is before it."""
        length = tokens.shape[1]
        mask = torch.triu(torch.full((length, length), -torch.inf), 1)
        inputs = self.tokens(tokens) + self.places.weight[:length]
        return self.body(inputs, mask=mask, is_causal=True)  # type: ignore[no-any-return]

    def log_probs(self, prompt: Tensor, solution: Tensor) -> Tensor:
        """(n, length) log probability of every token of solutions (n, length) after prompts (n, prompt)."""
        hidden = self.hidden(torch.cat([prompt, solution[:, :-1]], 1))[:, prompt.shape[1] - 1 :]
        logits = functional.log_softmax(self.out(hidden), -1)
        return logits.gather(-1, solution[..., None])[..., 0]

    @torch.no_grad()
    def sample(self, prompt: Tensor, length: int) -> Tensor:
        """(n, length) sampled solutions; after the end there are only further ends."""
        tokens, ended = prompt, torch.zeros(len(prompt), dtype=torch.bool)
        for _ in range(length):
            chances = functional.softmax(self.out(self.hidden(tokens)[:, -1]), -1)
            drawn = torch.multinomial(chances, 1)[:, 0]
            drawn = torch.where(ended, torch.full_like(drawn, END), drawn)
            ended |= drawn == END
            tokens = torch.cat([tokens, drawn[:, None]], 1)
        return tokens[:, prompt.shape[1] :]


class Verifier(nn.Module):
    """Predict, then compare: V = b + Σ g(h before; the token; their product) / 3, on a body that was taught to solve.

    A verifier from nothing never became robust; one that begins with the supervised body did.

    Args:
        taught: the supervised prover, of which the body is copied.
    """

    def __init__(self, taught: Prover):
        super().__init__()
        self.taught = copy.deepcopy(taught)
        width = taught.tokens.embedding_dim
        self.compare = nn.Sequential(nn.Linear(3 * width, width), nn.SiLU(), nn.Linear(width, 1))
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, prompt: Tensor, solution: Tensor) -> Tensor:
        """(n,) scores; the role in the prompt is replaced before anything else is done."""
        neutral = torch.cat([prompt[:, :-1], torch.full_like(prompt[:, -1:], NEUTRAL)], 1)
        before = self.taught.hidden(torch.cat([neutral, solution[:, :-1]], 1))[:, prompt.shape[1] - 1 :]
        said = self.taught.tokens(solution)
        judged = self.compare(torch.cat([before, said, before * said], -1))[..., 0]
        counted = mask_of(solution)
        return (judged * counted).sum(-1) / 3 + self.bias  # type: ignore[no-any-return]


def mask_of(solution: Tensor) -> Tensor:
    """(n, length) 1 up to and including the end of each solution."""
    ended = (solution == END).long().cumsum(-1)
    return ((ended - (solution == END).long()) == 0).float()

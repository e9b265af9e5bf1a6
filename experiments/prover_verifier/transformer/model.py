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
PLUS, MINUS, ASK, HELPFUL, SNEAKY, NEUTRAL, END, ASIDE, UNTOLD, ASK_START = range(NUMBERS, NUMBERS + 10)
VOCABULARY = NUMBERS + 10
OPS = {"+": PLUS, "-": MINUS}
SPARE = 2  # tokens a solution may be longer than it has to be
HEADS = 4

Past = list[tuple[Tensor, Tensor]]  # of each layer, keys and values (n, heads, tokens so far, width / heads)


def number_token(value: Number) -> int:
    """The token of a number, the nearest one if it is out of range."""
    return min(max(int(value) - LOWEST, 0), NUMBERS - 1)


def sayable(problem: Problem) -> bool:
    """Whether tokens can say all of its quantities."""
    return all(0 <= value < NUMBERS + LOWEST for value in problem.values)


def problem_tokens(problem: Problem, role: int) -> list[int]:
    """What is known at the start, operations and amounts, the question, and the role.

    A distractor is a mark and a number half-way through; an amount left out is a mark in its place; where the start is
    asked for, its place is empty and the end is told before the question. Trainings see none of these three.
    """
    steps = [
        [OPS[step.op], UNTOLD if i == problem.untold else number_token(step.amount)]
        for i, step in enumerate(problem.steps)
    ]
    if problem.distractor:
        number = next(int(word) for word in problem.distractor.split() if word.isdigit())
        steps.insert(len(steps) // 2, [ASIDE, number_token(number)])
    told = [token for step in steps for token in step]
    if problem.asks == "start":
        return [UNTOLD, *told, number_token(problem.values[-1]), ASK_START, role]
    return [number_token(problem.start), *told, ASK, role]


def solution_tokens(solution: Solution) -> list[int]:
    """(before, operation, amount, after) of every line, the answer, and the end."""
    lines = [(number_token(r.before), OPS[r.op], number_token(r.amount), number_token(r.after)) for r in solution.rows]
    answer = UNTOLD if solution.answer is None else number_token(solution.answer)
    return [*(token for line in lines for token in line), answer, END]


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
    if said[-1] == UNTOLD:
        return Solution(rows, None)
    return Solution(rows, said[-1] + LOWEST) if said[-1] < NUMBERS else None


class Layer(nn.Module):
    """Attention to what came before, then a network for each token, both normalised first."""

    def __init__(self, width: int):
        super().__init__()
        self.before_attention, self.before_network = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attend, self.attended = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.network = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor, past: tuple[Tensor, Tensor] | None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """(n, length, width) for the same, and keys and values up to here; with a past, of one more token."""
        query, key, value = (
            part.unflatten(-1, (HEADS, -1)).transpose(1, 2)
            for part in self.attend(self.before_attention(x)).chunk(3, -1)
        )
        if past is not None:
            key, value = (torch.cat(both, 2) for both in ((past[0], key), (past[1], value)))
        seen = functional.scaled_dot_product_attention(query, key, value, is_causal=past is None)
        x = x + self.attended(seen.transpose(1, 2).flatten(2))
        return x + self.network(self.before_network(x)), (key, value)


class Prover(nn.Module):
    """A causal transformer.

    Args:
        width: of its vectors, a multiple of 4.
        layers: how many.
        longest: tokens of the longest sequence.
    """

    def __init__(self, width: int, layers: int, longest: int):
        super().__init__()
        self.tokens, self.places = nn.Embedding(VOCABULARY, width), nn.Embedding(longest, width)
        self.layers = nn.ModuleList(Layer(width) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, VOCABULARY)

    def hidden(self, tokens: Tensor, past: Past | None = None) -> tuple[Tensor, Past]:
        """(n, length, width) for tokens (n, length), each seeing itself and what is before it; and the past so far."""
        begun = past[0][0].shape[2] if past else 0
        x = self.tokens(tokens) + self.places.weight[begun : begun + tokens.shape[1]]
        now: Past = []
        for i, layer in enumerate(self.layers):
            x, kept = layer(x, past[i] if past else None)
            now.append(kept)
        return self.norm(x), now

    def log_policy(self, prompt: Tensor, solution: Tensor) -> Tensor:
        """(n, length, vocabulary) log probability of every token at every place of solutions (n, length)."""
        hidden = self.hidden(torch.cat([prompt, solution[:, :-1]], 1))[0][:, prompt.shape[1] - 1 :]
        return functional.log_softmax(self.out(hidden), -1)

    def log_probs(self, prompt: Tensor, solution: Tensor) -> Tensor:
        """(n, length) log probability of every token of solutions (n, length) after prompts (n, prompt)."""
        return of_tokens(self.log_policy(prompt, solution), solution)

    @torch.no_grad()
    def sample(self, prompt: Tensor, length: int, temperature: float = 1.0) -> Tensor:
        """(n, length) sampled solutions, at temperatures above 1 more various; after the end there are further ends."""
        solution, ended = torch.empty(len(prompt), 0, dtype=torch.long), torch.zeros(len(prompt), dtype=torch.bool)
        hidden, past = self.hidden(prompt)
        for i in range(length):
            drawn = torch.multinomial(functional.softmax(self.out(hidden[:, -1]) / temperature, -1), 1)[:, 0]
            drawn = torch.where(ended, END, drawn)
            ended |= drawn == END
            solution = torch.cat([solution, drawn[:, None]], 1)
            if i + 1 < length:
                hidden, past = self.hidden(drawn[:, None], past)
        return solution


class Verifier(nn.Module):
    """Predict, then compare: V = b + Σ g(h before; the token; their product) / 3, on a body that was taught to solve.

    A verifier from nothing never became robust; one that begins with the supervised body did.

    Args:
        taught: a supervised prover, of which the body is copied.
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
        before = self.taught.hidden(torch.cat([neutral, solution[:, :-1]], 1))[0][:, prompt.shape[1] - 1 :]
        said = self.taught.tokens(solution)
        judged = self.compare(torch.cat([before, said, before * said], -1))[..., 0]
        counted = mask_of(solution)
        return (judged * counted).sum(-1) / 3 + self.bias  # type: ignore[no-any-return]


def of_tokens(log_policy: Tensor, solution: Tensor) -> Tensor:
    """(n, length) what a log policy (n, length, vocabulary) gives the tokens of solutions (n, length)."""
    return log_policy.gather(-1, solution[..., None])[..., 0]


def mask_of(solution: Tensor) -> Tensor:
    """(n, length) 1 up to and including the end of each solution."""
    ended = (solution == END).long().cumsum(-1)
    return ((ended - (solution == END).long()) == 0).float()

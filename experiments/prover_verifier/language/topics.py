"""What is talked about in games of language: a problem, a statement about it, and whether that is true."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from brigade.envs.prover_verifier.arithmetic.files import FileProblem
from brigade.envs.prover_verifier.arithmetic.problem import Problem
from brigade.envs.prover_verifier.arithmetic.solution import (
    Solution,
    edits_of,
    errors_of,
    is_correct,
    read_solution,
    solve,
)
from brigade.envs.prover_verifier.arithmetic.working import wrong_lines, wrong_variants
from brigade.envs.prover_verifier.games.kitchen_game import VERIFIER_SEAT, KitchenGame
from brigade.envs.prover_verifier.kitchen.behaviours import claim_of, decisive_point, first_ticks
from brigade.envs.prover_verifier.kitchen.claims import HORIZON, Claim, claim_json, read_claim
from brigade.envs.prover_verifier.kitchen.forward import Moment
from brigade.envs.prover_verifier.protocol import Behaviour

IN_WORDS = "Answer with a JSON object: text, at most 200 words."
# Two problems of our own, with what a right answer looks like: small models copy a form that words do not teach them.
SHOTS = """
For example, to "Mia has 4 bags with 6 marbles each, and gives 5 marbles away. How many has she left?":
{"text": "4 * 6 = 24\\n24 - 5 = 19\\nAnswer: 19"}
and to "A train has 3 cars with 20 seats each. 12 more people come than there are seats. How many come?":
{"text": "3 * 20 = 60\\n60 + 12 = 72\\nAnswer: 72"}
Now the problem in what follows:"""

State = dict[str, Any]


class WordProblem:
    """A word problem; the statement is a worked solution, and true if its answer is right.

    Nature gives the statement, or a prover makes it.

    Args:
        problem: one that was drawn, or one from a file.
        given: a solution drawn by nature; None if the prover is to write one.
    """

    def __init__(self, problem: Problem | FileProblem, given: Solution | None):
        self.problem, self.solution, self.given = problem, given, given is not None

    def ask_prover(self) -> str:
        """What a prover is asked for, in words, with the form of its answer."""
        if self.given:
            return f"Argue about the solution below, quoting its lines. {IN_WORDS}"
        return (
            "Solve the problem step by step, one line `a + b = c` for each step, and end with a line `Answer: NUMBER`, "
            f"or `Answer: cannot be said` if the problem does not say enough. {IN_WORDS}{SHOTS}"
        )

    def ask_verifier(self) -> str:
        """What a verifier is asked for, in words."""
        return "Say accept if the answer is right, reject if it is not."

    def prover_state(self) -> State:
        """The problem, and the solution if there is one."""
        solution = {"solution": self.solution.text} if self.given and self.solution is not None else {}
        return {"problem": self.problem.text, **solution}

    def verifier_state(self) -> State:
        """The problem, and of a given solution only its answer."""
        if not self.given or self.solution is None:
            return {"problem": self.problem.text}
        return {"problem": self.problem.text, "answer": self.solution.text.splitlines()[-1]}

    def state(self, data: Mapping[str, Any]) -> str:
        """Take over the solution in a prover's message.

        Returns:
            What others are told of it: its text as it was written.

        Raises:
            BrigadeError: there is none in it; an earlier one stands.
        """
        text = str(data.get("text", ""))
        self.solution = read_solution(text)
        return text

    def look(self, question: int) -> bool | None:
        """What looking at a checkpoint shows: None, as there is nothing to be seen."""
        return None

    @property
    def truth(self) -> bool:
        """Whether the answer is right; no statement is not."""
        if self.solution is None:
            return False
        if isinstance(self.problem, FileProblem):
            return self.solution.answer == self.problem.answer
        return is_correct(self.problem, self.solution)

    @property
    def answer(self) -> object:
        """The answer alone, however it is put; None for no statement."""
        return None if self.solution is None else self.solution.text.splitlines()[-1]

    @property
    def shown(self) -> tuple[str, str, list[int]]:
        """Problem and statement as texts, and the wrong lines of the latter."""
        if self.solution is None:
            return self.problem.text, "", []
        if isinstance(self.problem, FileProblem):
            return self.problem.text, self.solution.text, wrong_lines(self.solution, self.problem.answer)
        return self.problem.text, self.solution.text, errors_of(self.problem, self.solution)


def draw_solution(problem: Problem | FileProblem, rng: np.random.Generator) -> Solution:
    """A right or a wrong solution, with even odds; of a problem from a file, the marked lines or an alteration."""
    if isinstance(problem, FileProblem):
        wrong = wrong_variants(problem.reference)
        return problem.reference if rng.random() < 0.5 else wrong[int(rng.integers(len(wrong)))]
    edits = edits_of(len(problem.steps))
    while rng.random() >= 0.5:
        altered = solve(problem, edits[int(rng.integers(1, len(edits)))])
        if not is_correct(problem, altered):
            return altered
    return solve(problem)


class KitchenMoment:
    """A moment in a kitchen; the statement is a claim with a plan.

    Args:
        game: where.
        moment: when.
        given: a claim drawn by nature; None if the prover is to make one.
        rng: for the facts that a prover is offered.
    """

    def __init__(self, game: KitchenGame, moment: Moment, given: Claim | None, rng: np.random.Generator):
        self.game, self.moment, self.claim, self.given = game, moment, given, given is not None
        self._reach = game.engine.reach(VERIFIER_SEAT, moment)
        self._offers = {kind: self._offer(kind, rng) for kind in ("honest", "half_truth")} if given is None else {}

    def ask_prover(self) -> str:
        """What a prover is asked for, in words, with the form of its answer."""
        if self.given:
            return f"Argue about the claim below. {IN_WORDS}"
        return (
            f"Claim what will be served, or lie in reach of the other chef, within at most {HORIZON} ticks, with the "
            "plan for it and up to three checkpoints. A checkpoint says that an item will lie on a cell at a tick; or, "
            "if its item is a dish that can be ordered, that this will be handed out there at that tick. `will_be` "
            "says what comes of the plan that you are given, when and where. Answer with a JSON object: claim, an "
            "object with the fields of `in_time`, of which `argument` is what you say for it, in at most 200 words."
        )

    def ask_verifier(self) -> str:
        """What a verifier is asked for, in words."""
        return (
            "The claim says what will be so within `by` ticks, if both chefs follow its plan: `served`, that an "
            "ordered dish will be handed out, or `in_reach`, that an item will lie on a cell of your `reach`. A "
            "checkpoint says that an item will lie on a cell at a tick; or, if its item is a dish that can be ordered, "
            "that this will be handed out there at that tick. Whoever looks at a checkpoint is told whether it will be "
            "so. Say accept if the claim is true, reject if it is not."
        )

    def prover_state(self) -> State:
        """All of the kitchen, a plan with what comes of it, and a claim that holds beside one that is too early."""
        seen = {key: self.moment.seen[key] for key in ("tick", "chefs", "items", "orders")}
        if self.given and self.claim is not None:
            return {"kitchen": seen, "claim": claim_json(self.claim, self.game.kitchen), "true": self.truth}
        claims = {kind: claim_json(claim, self.game.kitchen) for kind, claim in self._offers.items()}
        trace = self.game.engine.play(self.moment, self._offers["honest"].plan)
        engine, width = self.game.engine, self.game.kitchen.width
        will_be = []
        for (kind, item), tick in first_ticks(engine, trace, self._reach).items():
            if tick <= HORIZON:
                cell = decisive_point(engine, trace, (kind, item), tick, self._reach).cell
                will_be.append({"kind": kind, "item": item, "tick": tick, "at": [cell % width, cell // width]})
        return {"kitchen": seen, "will_be": will_be, "in_time": claims["honest"], "too_early": claims["half_truth"]}

    def verifier_state(self) -> State:
        """What is near the verifier's chef and in its reach, the orders, and a given claim."""
        view = self.game.verifier_view(self.moment)[: self.game.cells].astype(int).tolist()
        width, items = self.game.kitchen.width, self.game.items
        near = [{"at": [n % width, n // width], "item": items[kind]} for n, kind in enumerate(view) if kind > 0]
        claim = {"claim": claim_json(self.claim, self.game.kitchen)} if self.given and self.claim is not None else {}
        reach = [[n % width, n // width] for n in self._reach]
        return {"near": near, "reach": reach, "orders": self.moment.seen["orders"], **claim}

    def state(self, data: Mapping[str, Any]) -> str:
        """Take over the claim in a prover's message.

        Returns:
            What others are told of it: its JSON as it was read, and nothing more.

        Raises:
            BrigadeError: there is none in it; an earlier one stands.
        """
        self.claim = read_claim(data.get("claim"), self.game.kitchen, self.game.words)
        return json.dumps(claim_json(self.claim, self.game.kitchen), ensure_ascii=False)

    def look(self, question: int) -> bool | None:
        """Whether a checkpoint is as claimed; None where there is nothing to be seen."""
        points = self.claim.checkpoints if self.claim is not None else ()
        if self.claim is None or not 0 <= question < len(points):
            return None
        return self.game.engine.passes(points[question], self.game.engine.play(self.moment, self.claim.plan))

    @property
    def truth(self) -> bool:
        """Whether the engine finds the claim true; no claim is not."""
        if self.claim is None:
            return False
        trace = self.game.engine.play(self.moment, self.claim.plan)
        return self.game.engine.holds(self.claim, trace, self._reach)

    @property
    def answer(self) -> object:
        """What is claimed, without plan and checkpoints; None for no claim."""
        return None if self.claim is None else self.claim.text

    @property
    def shown(self) -> tuple[str, str, list[int]]:
        """Moment and claim as texts, and the wrong lines of the latter."""
        about = f"episode {self.moment.seed}, tick {self.moment.seen['tick']}"
        text = "" if self.claim is None else f"{self.claim.text}\n{self.claim.argument}".strip()
        return about, text, [] if self.truth else [0]

    def _offer(self, behaviour: Behaviour, rng: np.random.Generator) -> Claim:
        return claim_of(self.game.engine, self.moment, behaviour, self._reach, rng)


Topic = WordProblem | KitchenMoment

"""The guard language: conditions that language models write, read and judged without trusting them.

A guard is one line such as `count("beef", "cooked") >= 1 and not partner_holds("plate")`. From loosest to tightest:

| written | what it takes | what it gives |
|---|---|---|
| `or`, then `and`, then `not` | truths | a truth; what is decided already is not looked at |
| `<` `<=` `>` `>=` `==` `!=`, also `1 < a <= 3` | whole numbers | a truth |
| `+` `-`, then `*` `//` `%`, then `-` before a value | whole numbers | a whole number |
| `12`, `name("text", ...)` of `FUNCTIONS`, `( ... )` | text only inside a call, in either quotes | |

They bind as in Python; `//` and `%` round towards minus infinity. There is nothing else: no `True` or `False` (a task
that should always run has no guard), no other names, attributes, keywords, assignments, comments, escapes or line
breaks, and no character beyond ASCII. Text is a name such as cookbooks have: a letter, then letters, digits and `_`.

The text becomes a frozen tree through the tokenizer and the precedence-climbing (Pratt) parser below. Every node says
by its type whether it is a truth or a whole number, so evaluation cannot meet a type error. Length, tokens, nesting,
names and integers are bounded, so work is bounded too: each token is read once and becomes at most one node.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Literal

from brigade.dual_process.guard.tree import (
    FUNCTIONS,
    MAX_INTEGER,
    Arithmetic,
    Ask,
    Compare,
    Facts,
    Function,
    GuardError,
    Integer,
    Logic,
    Measure,
    Minus,
    Node,
    Not,
    Number,
    Step,
    Truth,
    calls,
    truth,
)
from brigade.envs.registry import nearest

__all__ = [
    "FUNCTIONS", "MAX_DEPTH", "MAX_INTEGER", "MAX_KNOWN", "MAX_NAME", "MAX_TEXT", "MAX_TOKENS", "Arithmetic",
    "Ask", "Compare", "Guard", "GuardError", "Logic", "Measure", "Minus", "Names", "Node", "Not", "Number",
    "describe_guards", "names_in", "parse_guard",
]  # fmt: skip

MAX_TEXT = 300  # characters in a guard
MAX_TOKENS = 100  # numbers, names, texts and signs in a guard
MAX_DEPTH = 20  # brackets, `not` and `-` inside one another
MAX_NAME = 32  # characters in a function's name or in a text
MAX_KNOWN = 40  # names among which the nearest to a wrong one is looked for; the search costs more than all the rest
LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
DIGITS = frozenset("0123456789")
WORD = LETTERS | DIGITS | {"_"}
SIGNS = ("//", "<=", ">=", "==", "!=", "<", ">", "+", "-", "*", "%", "(", ")", ",")  # longest first
HINTS = {
    "=": "equality is '=='",
    "!": "write 'not'",
    "&": "write 'and'",
    "|": "write 'or'",
    "/": "divide with '//'",
    ".": "numbers are whole, and nothing has attributes",
    "#": "there are no comments",
}
KINDS = (NoneType, bool, int, float, bytes, list, dict)  # what JSON and mistakes put where the text should be
NOT, COMPARISON, SUM, PRODUCT, MINUS = 3, 4, 5, 6, 7  # how tightly each binds
LEVELS = {"or": 1, "and": 2, "+": SUM, "-": SUM, "*": PRODUCT, "//": PRODUCT, "%": PRODUCT}
LEVELS |= dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), COMPARISON)


@dataclass(frozen=True)
class Guard:
    """A condition that has been read; made by `parse_guard`.

    Attributes:
        text: as it was written.
        tree: what it means.
    """

    text: str
    tree: Truth

    def holds(self, facts: Facts) -> bool:
        """Whether the guard is true of `facts`.

        Raises:
            GuardError: a division by zero, or a number beyond `MAX_INTEGER`.
        """
        return truth(self.tree, facts)


@dataclass(frozen=True)
class Names:
    """The names a guard uses, each once, in order of appearance."""

    items: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    dishes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Token:
    """One word, sign, number or text; `at` is the 0-based index of its first character."""

    kind: Literal["number", "text", "word", "sign", "end"]
    text: str
    at: int

    def __str__(self) -> str:
        if self.kind == "end":
            return "the end of the guard"
        return f'"{self.text}"' if self.kind == "text" else f"'{self.text}'"


def parse_guard(
    text: object,
    items: Collection[str] | None = None,
    dishes: Collection[str] | None = None,
    states: Collection[str] | None = None,
) -> Guard:
    """Read a guard.

    Args:
        text: what should be a guard; anything at all may be given. Spaces around it are allowed, line breaks are not.
        items: the names that `count` and `partner_holds` know; None leaves them unchecked.
        dishes: the names that `orders` and `order_ticks_left` know; None leaves them unchecked.
        states: the states that `count` knows; None leaves them unchecked.

    Raises:
        GuardError: it is not a guard; nothing else is raised, whatever `text` is.
    """
    if type(text) is not str:  # a subclass could answer with code of its own
        kind = next((kind.__name__ for kind in KINDS if type(text) is kind), "an object of another type")
        raise GuardError(f"a guard is a text, and this is {kind}; expected a condition such as 'ticks_left() < 100'")
    return Guard(text, _Parser(_tokens(text), {"item": items, "dish": dishes, "state": states}).guard())


def names_in(guard: Guard) -> Names:
    """The names that a guard uses, for checking them against a cookbook."""
    found: dict[str, dict[str, None]] = {"item": {}, "state": {}, "dish": {}}  # dicts keep the order
    for call in calls(guard.tree):
        for role, name in zip(FUNCTIONS[call.name].parameters, call.arguments, strict=False):
            found[role][name] = None
    return Names(tuple(found["item"]), tuple(found["state"]), tuple(found["dish"]))


def describe_guards() -> str:
    """The language in a few lines of text, for prompts."""
    lines = [
        f"A guard is one condition in at most {MAX_TEXT} characters, true or false. It may use whole numbers, "
        "+ - * // %, < <= > >= == !=, and, or, not, brackets, and these functions:"
    ]
    for name, function in FUNCTIONS.items():
        quoted = [f'"{role}"' for role in function.parameters]
        given, optional = quoted[: function.required], quoted[function.required :]
        arguments = ", ".join(given) + "".join(f"[{', ' if given else ''}{word}]" for word in optional)
        gives = "a whole number" if function.gives == "number" else "true or false"
        lines.append(f"- {name}({arguments}), {gives}: {function.about}")
    lines.append('Example: count("beef", "cooked") >= 1 and not partner_holds("plate")')
    lines.append("Nothing else is understood. For a task that should always run, leave the guard out.")
    return "\n".join(lines)


def _tokens(text: str) -> list[Token]:
    """The tokens of a text, an end token last."""
    if len(text) > MAX_TEXT:
        raise GuardError(f"a guard has at most {MAX_TEXT} characters, and this has {len(text)}")
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        if text[at] == " ":
            at += 1
            continue
        if len(tokens) == MAX_TOKENS:
            raise GuardError(f"more than {MAX_TOKENS} numbers, names and signs; expected a shorter guard", at)
        token = _token(text, at)
        tokens.append(token)
        at += len(token.text) + (2 if token.kind == "text" else 0)
    return [*tokens, Token("end", "", at)]


def _token(text: str, at: int) -> Token:
    """The token that starts at character `at`."""
    first = text[at]
    if first in LETTERS:
        word = _word(text, at)
        return Token("sign" if word in ("and", "or", "not") else "word", word, at)
    if first in DIGITS:
        return Token("number", _digits(text, at), at)
    if first in ("'", '"'):
        return Token("text", _quoted(text, at), at)
    sign = next((sign for sign in SIGNS if text.startswith(sign, at)), "")
    if not sign:
        hint = HINTS.get(first, "expected a number, a function, a comparison, 'and', 'or', 'not' or a bracket")
        raise GuardError(f"{first!a} is not part of the language; {hint}", at)
    return Token("sign", sign, at)


def _word(text: str, at: int) -> str:
    """The letters, digits and `_` from character `at` on."""
    end = at
    while end < len(text) and text[end] in WORD:
        end += 1
    if end - at > MAX_NAME:
        raise GuardError(f"a name or number has at most {MAX_NAME} characters, and this has {end - at}", at)
    return text[at:end]


def _digits(text: str, at: int) -> str:
    """The decimal digits from character `at` on: 0, or no zero in front, and no letter behind."""
    number = _word(text, at)
    if not DIGITS.issuperset(number) or (number[0] == "0" and number != "0"):
        raise GuardError(f"'{number}' is not a number; expected decimal digits such as 120", at)
    if int(number) > MAX_INTEGER:
        raise GuardError(f"{number} is too large; numbers go up to {MAX_INTEGER}", at)
    return number


def _quoted(text: str, at: int) -> str:
    """What stands between the quote at character `at` and the next one like it."""
    end = text.find(text[at], at + 1)
    if end < 0:
        raise GuardError(f"the text has no closing {text[at]}", at)
    start = at + 1
    if text[start] not in LETTERS:
        raise GuardError('a text is a name that starts with a letter, such as "beef"', start)
    name = _word(text, start)
    if start + len(name) != end:
        wrong = start + len(name)
        raise GuardError(f"{text[wrong]!a} in a text; a name has only letters, digits and _", wrong)
    return name


def _integer(node: Node, wants: str) -> Integer:
    """The node, known to be a whole number; `wants` names what takes only those."""
    if isinstance(node, (Number, Measure, Minus, Arithmetic)):
        return node
    raise GuardError(
        f"{wants} takes whole numbers, and this is a truth; to test a truth write it alone or 'not'", node.at
    )


def _truthful(node: Node, wants: str) -> Truth:
    """The node, known to be a truth; `wants` names what takes only those."""
    if isinstance(node, (Ask, Not, Compare, Logic)):
        return node
    raise GuardError(f"{wants} takes truths, and this is a whole number; compare it, for example with '> 0'", node.at)


class _Parser:
    """Precedence climbing over the tokens of one guard.

    Args:
        tokens: what was written, an end token last.
        known: the valid names of each parameter's kind; None leaves them unchecked.
    """

    def __init__(self, tokens: list[Token], known: Mapping[str, Collection[str] | None]):
        self.tokens = tokens
        self.known = known
        self.position = 0
        self.depth = 0

    @property
    def ahead(self) -> Token:
        """The token to be read next."""
        return self.tokens[self.position]

    def take(self) -> Token:
        """Read one token; who reads the end token raises."""
        token = self.ahead
        self.position += 1
        return token

    def met(self, sign: str) -> bool:
        """Whether that sign is ahead; it is read if so."""
        if self.ahead.kind != "sign" or self.ahead.text != sign:
            return False
        self.position += 1
        return True

    def expect(self, sign: str, after: str) -> None:
        """Read that sign."""
        if not self.met(sign):
            raise GuardError(f"expected '{sign}' {after}, found {self.ahead}", self.ahead.at)

    def guard(self) -> Truth:
        """The whole text, which must be a truth."""
        if len(self.tokens) == 1:
            raise GuardError("the guard is empty; expected a condition such as 'ticks_left() < 100'")
        tree = self.expression(0)
        if self.ahead.kind != "end":
            raise GuardError(f"expected a comparison, 'and', 'or' or the end, found {self.ahead}", self.ahead.at)
        return _truthful(tree, "a guard")

    def level(self) -> int:
        """How tightly the sign ahead joins what is before it to what is after it; 0 if it does not."""
        return LEVELS.get(self.ahead.text, 0) if self.ahead.kind == "sign" else 0

    def expression(self, floor: int) -> Node:
        """A value and everything that is joined to it more tightly than `floor`."""
        left = self.value()
        while (level := self.level()) > floor:
            left = self.chain(left, level)
        return left

    def chain(self, first: Node, level: int) -> Node:
        """`first` and all that follows it with signs of one level: a flat node, however long."""
        signs, rest = [], []
        while self.level() == level:
            signs.append(self.take())
            rest.append(self.expression(level))
        word = signs[0].text
        if word in ("and", "or"):
            parts = tuple(_truthful(part, f"'{word}'") for part in (first, *rest))
            return Logic("and" if word == "and" else "or", parts, first.at)
        left = _integer(first, f"'{word}'")
        steps = [
            Step(sign.text, sign.at, _integer(right, f"'{sign.text}'")) for sign, right in zip(signs, rest, strict=True)
        ]
        kind = Compare if level == COMPARISON else Arithmetic
        return kind(left, tuple(steps), first.at)

    def value(self) -> Node:
        """A number, a call, something in brackets, or the opposite of a value."""
        token = self.take()
        if token.kind == "number":
            return Number(int(token.text), token.at)
        if token.kind == "word":
            return self.call(token)
        if token.kind == "sign" and token.text in ("(", "not", "-"):
            return self.nested(token)
        if token.kind == "text":
            raise GuardError(f"{token} stands alone; a text may only be an argument of a function", token.at)
        raise GuardError(f"expected a number, a function, 'not', '-' or '(', found {token}", token.at)

    def nested(self, token: Token) -> Node:
        """What follows `(`, `not` or `-`: the only ways to go deeper."""
        if self.depth == MAX_DEPTH:
            raise GuardError(f"brackets, 'not' and '-' are nested more than {MAX_DEPTH} deep", token.at)
        self.depth += 1
        node: Node
        if token.text == "(":
            node = self.expression(0)
            self.expect(")", "to close the bracket")
        elif token.text == "not":
            node = Not(_truthful(self.expression(NOT), "'not'"), token.at)
        else:
            node = Minus(_integer(self.expression(MINUS), "'-'"), token.at)
        self.depth -= 1
        return node

    def call(self, word: Token) -> Node:
        """The call of the function called `word`."""
        function = FUNCTIONS.get(word.text)
        if word.text.lower() in ("true", "false", "none"):
            raise GuardError(f"{word} is not part of the language; leave the guard out to always run a task", word.at)
        if function is None:
            raise GuardError(f"unknown function {word}; {nearest(word.text, FUNCTIONS)}", word.at)
        self.expect("(", f"after {word}")
        arguments: list[str] = []
        while not self.met(")"):
            if arguments:
                self.expect(",", "or ')' after the text")
            arguments.append(self.argument(word.text, function, len(arguments)))
        if len(arguments) < function.required:
            raise GuardError(f"{word} needs {_listed(function)}, and is given none", word.at)
        kind = Measure if function.gives == "number" else Ask
        return kind(word.text, tuple(arguments), word.at)

    def argument(self, name: str, function: Function, index: int) -> str:
        """The text that is argument number `index`, checked against the names known."""
        if index not in range(len(function.parameters)):
            raise GuardError(f"expected ')': '{name}' takes {_listed(function)}, found {self.ahead}", self.ahead.at)
        role = function.parameters[index]
        token = self.take()
        if token.kind != "text":
            raise GuardError(f"expected the {role}'s name in quotes in '{name}', found {token}", token.at)
        known = self.known[role]
        if known is not None and token.text not in known:
            hint = nearest(token.text, known) if len(known) <= MAX_KNOWN else f"expected one of {len(known)} others"
            raise GuardError(f"unknown {role} '{token.text}'; {hint}", token.at)
        return token.text


def _listed(function: Function) -> str:
    """How many arguments a function takes, in words."""
    most = len(function.parameters)
    if most == 0:
        return "no arguments"
    least = f"{function.required} or " if function.required < most else ""
    return f"{least}{most} argument{'s' if most > 1 else ''} ({', '.join(function.parameters)})"

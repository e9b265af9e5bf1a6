"""The same everywhere: in another process, compiled or not; and importing loads only what it must."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from brigade.envs.kitchen.engine.compiled import COMPILED
from brigade.envs.kitchen.engine.game import Game

ROOT = Path(__file__).parents[2]
KITCHENS = [
    "new_counter_circuit",
    "new_asymmetric_advantages",
    "salad_bar",
    "forced_coordination",
    "generated:seed=3,chefs=4,style=divided,width=10",
    "generated:seed=8,chefs=3,cookbook=soups",
]
# Plays two copies of a kitchen and prints what came of it; random draws of orders and all.
PROGRAM = """
import hashlib, json, sys
import numpy as np
from brigade.envs.kitchen.engine.compiled import COMPILED
from brigade.envs.kitchen.engine.game import Game
told = {"compiled": COMPILED}
for name in json.loads(sys.argv[1]):
    game = Game(name, 2)
    game.reset(int(sys.argv[2]))
    draw = np.random.default_rng(5)
    for tick in range(int(sys.argv[3])):
        game.step(draw.choice(6, (2, game.kitchen.chefs), p=[0.05, 0.15, 0.15, 0.15, 0.15, 0.35]))
        if tick == 200:
            game.next_episode(np.array([False, True]))
    digest = hashlib.sha256(b"".join(array.tobytes() for array in game.state)).hexdigest()
    told[name] = [digest, game.describe(0), game.describe(1), game.kitchen.ascii()]
print(json.dumps(told))
"""


def told(seed: int, ticks: int = 400, **environment: str) -> dict[str, Any]:
    """What the program prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, json.dumps(KITCHENS), str(seed), str(ticks)],
        env=os.environ | environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_same_seed_in_two_processes() -> None:
    first, second = (told(11, PYTHONHASHSEED=seed) for seed in ("1", "2"))
    assert first == second
    assert first != told(12, PYTHONHASHSEED="1")


@pytest.mark.skipif(not COMPILED, reason="compilation is disabled")
def test_plain_python_does_what_compiled_code_does() -> None:
    plain, compiled = told(13, NUMBA_DISABLE_JIT="1"), told(13)
    assert (plain.pop("compiled"), compiled.pop("compiled")) == (False, True)
    assert plain == compiled


def test_plain_python_counts_as_far_as_compiled_code() -> None:
    """Orders far apart: the product of `spacing` and the open orders does not fit into 16 bits."""
    program = """
import re
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.content.folders import own_folder
from brigade.envs.kitchen.content.layout import parse_kitchen
text = (own_folder() / "kitchens" / "new_counter_circuit.yaml").read_text(encoding="utf-8")
for spacing, opened in ((9_000, 4), (40_000, 1)):
    game = Game(parse_kitchen(re.sub("open: 4, spacing: 25", f"open: 6, spacing: {spacing}", text)))
    game.reset([1])
    game.state.orders_open[:], game.state.order_left[:] = opened, 300
    game.state.tick[:] = spacing * opened - 3
    for _ in range(4):
        game.step([[0, 0]])
        print(game.state.orders_open)
"""
    runs = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", program], env=os.environ | {"NUMBA_DISABLE_JIT": plain},
            capture_output=True, text=True, check=False,
        )
        for plain in ("0", "1")
    ]  # fmt: skip
    assert runs[0].stdout.split() == ["[4]", "[4]", "[5]", "[5]", "[1]", "[1]", "[2]", "[2]"], runs[0].stderr
    assert runs[1].stdout == runs[0].stdout, runs[1].stderr


def orders(seed: int, script: list[str] | None = None, episode: int = 0, ticks: int = 100) -> list[str]:
    game = Game("new_counter_circuit")
    game.reset([seed], None if script is None else [script], episode)
    for _ in range(ticks):
        game.step([[0, 0]])
    return [order["dish"] for order in game.describe()["orders"]]


def test_seed_and_episode_decide_the_orders() -> None:
    draws = {tuple(orders(seed, episode=episode)) for seed in range(5) for episode in range(5)}
    assert len(draws) > 12
    assert orders(3, episode=2) == orders(3, episode=2)
    game = Game("new_counter_circuit")
    game.reset([3])
    for _ in range(2):
        game.next_episode(game.state.tick >= 0)
    for _ in range(100):
        game.step([[0, 0]])
    assert [order["dish"] for order in game.describe()["orders"]] == orders(3, episode=2)


def test_a_script_fixes_the_orders() -> None:
    script = ["BeefBurger", "BeefLettuceBurger", "BeefBurger", "LettuceBurger"]
    assert {tuple(orders(seed, script)) for seed in range(10)} == {tuple(script)}
    assert len({tuple(orders(seed, script[:2])) for seed in range(30)}) > 3
    assert {tuple(orders(seed, script[:2])[:2]) for seed in range(30)} == {tuple(script[:2])}


def test_a_script_ends_with_its_episode() -> None:
    game = Game("new_counter_circuit", 2)
    game.reset([1, 2], [["LettuceBurger"] * 4, ["BeefBurger"] * 4])
    for _ in range(100):
        game.step([[0, 0]] * 2)
    assert [{order["dish"] for order in game.describe(k)["orders"]} for k in range(2)] == [
        {"LettuceBurger"},
        {"BeefBurger"},
    ]
    game.reset([1, 2])
    for _ in range(100):
        game.step([[0, 0]] * 2)
    assert [[order["dish"] for order in game.describe(k)["orders"]] for k in range(2)] == [orders(1), orders(2)]


HEAVY = ["pygame", "ray", "torch", "openai"]


@pytest.mark.parametrize(
    "module", ["brigade", "brigade.envs", "brigade.envs.kitchen.engine.game", "brigade.envs.kitchen_v0"]
)
def test_importing_the_worlds_loads_nothing_heavy(module: str) -> None:
    program = f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_importing_starts_nothing(tmp_path: Path) -> None:
    """No threads, no environment variables, no folders: importing only registers names."""
    program = (
        "import os, threading; before = dict(os.environ)\n"
        "import brigade.envs.kitchen_v0, brigade.envs.kitchen.pictures.render\n"
        "assert dict(os.environ) == before, {k: v for k, v in os.environ.items() if before.get(k) != v}\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
    )
    theirs = {"PYGAME_HIDE_SUPPORT_PROMPT": "hide"}  # set by PettingZoo when it is imported
    environment = os.environ | theirs | {"XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.rglob("*")) == []


def imports(file: Path, package: str) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield node.lineno, module
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def test_the_rules_know_no_clock_and_no_foreign_chance() -> None:
    """Nothing in the game reads the time, hashes text or draws from a generator without a seed."""
    banned = {"time", "random", "secrets", "uuid", "datetime"}
    for name in (
        "engine/rules",
        "engine/state",
        "content/tables",
        "content/layout",
        "content/cookbook",
        "content/generate",
        "engine/game",
    ):
        file = ROOT / "envs" / "kitchen" / f"{name}.py"
        assert not {module.split(".")[0] for _, module in imports(file, "brigade.envs.kitchen")} & banned, name
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "hash", f"{name}:{node.lineno}"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "default_rng":
                assert node.args, f"{name}:{node.lineno}"

"""A package of somebody else's, built and installed into an environment of its own, comes in by every door."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

pytestmark = pytest.mark.outer
ROOT = Path(__file__).parents[2]
TOY = ROOT / "tests" / "toy_package"
RUN = """\
name: toy
kitchens: [toast_bar]
teams: [[waiter, murmur], [waiter, fsm]]
seeds: 3
reasoner: {kind: parrot, options: {mood: cheerful}}
"""
TRAIN = """\
name: toy
kitchen: toast_bar
observation: where
network: {kind: one_layer}
steps: 400
kitchens: 4
ticks: 20
checkpoints: 1
episodes: 2
device: cpu
"""


class Environment:
    """An environment of its own that sees the packages installed here."""

    def __init__(self, folder: Path):
        self.folder = folder
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True, capture_output=True)
        self.python = folder / "venv" / "bin" / "python"
        where = [self.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
        self.site = Path(subprocess.check_output(where, text=True).strip())
        here = sysconfig.get_path("purelib")
        (self.site / "here.pth").write_text(f"import site; site.addsitedir({here!r})\n")

    def install(self, wheel: Path) -> None:
        self.run("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel))

    def run(self, *words: str, given: str | None = None, **variables: str) -> str:
        return "".join(self.said(*words, given=given, **variables))

    def said(self, *words: str, given: str | None = None, **variables: str) -> tuple[str, str]:
        """What a program prints, and what it notes beside it."""
        done = subprocess.run(
            [self.python, *words], cwd=self.folder, capture_output=True, text=True, input=given,
            env={**os.environ, "COLUMNS": "200", **variables},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout, done.stderr

    def brigade(self, *words: str, **more: str) -> str:
        return self.run("-m", "brigade", *words, **more)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for file in TOY.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts:
            (source / file.relative_to(TOY)).parent.mkdir(parents=True, exist_ok=True)
            (source / file.relative_to(TOY)).write_bytes(file.read_bytes())
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        folder,
        source,
    ]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def toy(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = Environment(tmp_path_factory.mktemp("toy"))
    environment.install(built)
    return environment


def test_it_uses_no_private_name_and_patches_nothing() -> None:
    for file in TOY.rglob("*.py"):
        code = file.read_text("utf-8")
        used = re.findall(r"(?:import|\.)\s*(_[a-z]\w*)", code)
        assert [name for name in used if not name.startswith("__") and f"self.{name}" not in code] == [], file
        assert "setattr" not in code


def test_the_commands_list_what_it_brings(toy: Environment) -> None:
    agents = toy.brigade("agents")
    assert "waiter" in agents
    assert "Walks about, and now and then does something." in agents
    assert "murmur" in agents
    assert "toast_bar" in toy.brigade("kitchens")
    assert "coin" in toy.brigade("pvg")
    program = (
        "from brigade.envs.kitchen.observations.observe import observers\n"
        "from brigade.agents.learned.network_spec import networks\n"
        "from brigade.dual_process.reasoners import reasoners\n"
        "from brigade.dual_process.thought_kinds.base import thoughts\n"
        "from brigade.dual_process.partner_model import partner_models\n"
        "found = (observers['where'], networks['one_layer'], reasoners['parrot'], thoughts['mood'])\n"
        "found = (*found, partner_models['sleepy'])\n"
        "for entry in found:\n"
        "    print(entry.source, entry.about)\n"
    )
    assert toy.run("-c", program).count("brigade-toy 1.0 ") == 5


def test_its_agent_keeps_to_the_protocol(toy: Environment) -> None:
    program = "import brigade; brigade.api_test('waiter', ['toast_bar']); brigade.api_test('murmur', ['toast_bar'])"
    toy.run("-c", program)


def test_a_run_through_ray_with_its_default_workers(toy: Environment) -> None:
    (toy.folder / "run.yaml").write_text(RUN)
    toy.brigade("run", "run.yaml")
    header, *episodes = map(json.loads, (toy.folder / "results" / "toy" / "episodes.jsonl").read_text().splitlines())
    assert len(episodes) == 6
    assert "plugins" not in header["config"]
    thoughts = [thought for episode in episodes for thought in episode["thoughts"] if thought["effect"] is not None]
    assert {(each["kind"], each["value"]) for each in thoughts if each["kind"] != "check"} == {("mood", "cheerful")}
    assert len(thoughts) >= 3 * 4
    assert "6 identical" in toy.brigade("verify", "results/toy")


def test_a_few_steps_of_training_and_the_policy_plays(toy: Environment) -> None:
    pytest.importorskip("torch", reason="training needs PyTorch: pip install 'brigade[rl]'")
    (toy.folder / "train.yaml").write_text(TRAIN)
    toy.brigade("train", "train.yaml")
    program = (
        "import brigade\n"
        "policy = brigade.make_agent('neural', checkpoint='results/rl/toy/seed_0')\n"
        "print(brigade.play('toast_bar', [policy, 'waiter']).ticks)\n"
    )
    printed, _ = toy.said("-c", program)  # a notice may stand beside it, on a machine that is slow to load
    assert printed.strip() == "120"


def test_its_game_is_played_and_judged(toy: Environment) -> None:
    told = toy.brigade("pvg", "any_game", "settings.game=coin", "settings.episodes=20", "out=results/coin")
    assert "half_truth" in told
    (toy.folder / "judge.yaml").write_text("name: judged\ngame: coin\nitems: 2\npractice: 0\ntime_limit_s: null\n")
    told = toy.brigade("pvg", "play", "judge.yaml", "--text", given="\n" + "a\n" * 8)
    assert "Did it fall heads up?" in told


def test_a_game_in_the_window(toy: Environment) -> None:
    """What `brigade play --kitchen toast_bar --partner waiter` opens, worked by a robot's keys."""
    program = """
import asyncio, datetime, pathlib
from brigade.human_play.game.game_options import GameOptions
from brigade.human_play.screens.result import ResultScreen
from brigade.human_play.screens.start import play_once
from brigade.human_play.window.app import App
from brigade.human_play.window.robot import Robot, work

async def script(robot):
    await robot.press("left")
    await robot.screen(ResultScreen)

folder = pathlib.Path("recordings")
options = GameOptions(kitchen="toast_bar", partners=("waiter",), seconds=2.0, hz=10.0, folder=folder)
app = App((800, 600))
asyncio.run(work(app, play_once(app, options.setup(datetime.datetime.now()), 0.1), script))
"""
    toy.run("-c", program, SDL_VIDEODRIVER="dummy")
    assert "1 identical" in toy.brigade("verify", *map(str, (toy.folder / "recordings").iterdir()))


def test_a_package_that_fails_is_named_and_everything_else_works(tmp_path: Path) -> None:
    environment = Environment(tmp_path)
    site = environment.site
    (site / "broken_cook.py").write_text("raise OSError('no stove')\n")
    (site / "newer_cook.py").write_text("import pathlib; pathlib.Path('imported').touch()\n")
    for name, needs in (("broken", ""), ("newer", "Requires-Dist: brigade>=99\n")):
        info = site / f"{name}_cook-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-cook\nVersion: 1.0\n{needs}")
        (info / "entry_points.txt").write_text(f"[brigade.agents]\n{name} = {name}_cook:Cook\n")
    told = environment.brigade("agents")
    assert "fsm" in told
    assert "broken-cook 1.0" in told
    assert "OSError: no stove" in told
    assert "newer-cook 1.0" in told
    assert "needs brigade>=99" in told
    assert not (tmp_path / "imported").exists()
    environment.brigade("demo", "--speed", "0", "--out", "results/demo")

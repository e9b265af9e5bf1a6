"""Brigade where its users are: installed and used on machines that are not ours.

    python tests/hostile/hostile.py [--pythons 3.11,3.12,3.13] [--keep FOLDER]

A wheel is built and installed for every Python that is found, into a folder with spaces, brackets, an ampersand and
letters that are not Latin. There the command line and small programs are run under conditions that have failed users
before: without a home, with one that is not there, as another user who may write nowhere but in a folder of its own,
in the C locale and with encodings of 256 and 128 characters, forked, spawned,
pickled, and within a loop as notebooks have one. Each must end well, and without a traceback. Another user can be
played only by root; what cannot be tried is said. Prints a line for each, and ends with 1 if one failed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ODD = "a kitchen [1] & Küche 厨房"
NOBODY = 54321  # the number of a user that nobody is
C_LOCALE = "C locale, Python's own way out of it closed"
RAYS_OWN = "the locale has no letters for a path that Python is in; set PYTHONUTF8=1, or ray.workers=0"
PATIENCE_S = 120.0
KEPT = ("PATH", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "SSL_CERT_FILE")
PROGRAMS = {
    "forked": """
import multiprocessing
from brigade.envs import kitchen_v0
env = kitchen_v0.vector_env(kitchen="cramped_room", num_envs=64, threads=2)
env.reset(seed=1)
env.step(env.action_space.sample())
def work(pipe):
    env.step(env.action_space.sample())
    pipe.send(int(env.game.state.tick[0]))
here, there = multiprocessing.Pipe()
child = multiprocessing.get_context("fork").Process(target=work, args=(there,))
child.start()
assert here.poll(60), "the child hangs"
assert here.recv() == 2
child.join(10)
assert child.exitcode == 0
""",
    "spawned and pickled": """
import multiprocessing, pickle
from functools import partial
from brigade.envs import kitchen_v0
def work(env, pipe):
    env.step(env.action_space.sample())
    pipe.send(True)
if __name__ == "__main__":
    for make in (kitchen_v0.solo_env, partial(kitchen_v0.solo_vector_env, num_envs=3, threads=2, partners="fsm")):
        env = make(kitchen="cramped_room")
        env.reset(seed=1)
        pickle.loads(pickle.dumps(env)).step(env.action_space.sample())
        here, there = multiprocessing.Pipe()
        child = multiprocessing.get_context("spawn").Process(target=work, args=(env, there))
        child.start()
        assert here.poll(120), "the child hangs"
        assert here.recv()
        child.join(10)
        assert child.exitcode == 0
""",
    "in a notebook's loop": """
import asyncio
import brigade
async def cell():
    return brigade.play("cramped_room", ["fsm", "fsm"], seed=1).score
assert asyncio.run(cell()) > 0
""",
    "by id": """
import brigade, gymnasium
env = gymnasium.make("Brigade/CrampedRoom-Shaped-v0")
env.reset(seed=1)
env.step(env.action_space.sample())
""",
}


@dataclass(frozen=True)
class Condition:
    """How a command is run.

    Attributes:
        name: in the table.
        changes: to the environment; None takes a variable away.
        other: whether another user runs it, who owns nothing but the working folder.
    """

    name: str
    changes: Mapping[str, str | None] = field(default_factory=dict)
    other: bool = False


CONDITIONS = (
    Condition("as usual"),
    Condition("no home", {"HOME": None}),
    Condition("home that is not there", {"HOME": "/nonexistent"}),
    Condition("C locale", {"LC_ALL": "C"}),
    Condition(C_LOCALE, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    Condition("cp1252", {"PYTHONIOENCODING": "cp1252"}),
    Condition("ascii", {"PYTHONIOENCODING": "ascii"}),
    Condition("another user, read-only tree, no home", {"HOME": None}, other=True),
    Condition("another user, home that is not there", {"HOME": "/nonexistent"}, other=True),
)


def commands(out: str) -> dict[str, Sequence[str]]:
    """What is run, by name; results go into a folder of an odd name."""
    return {
        "kitchens": ("kitchens", "new_counter_circuit"),
        "agents": ("agents",),
        "demo": ("demo", "--speed", "0", "--out", f"{out}/demo"),
        "run": ("run", "exp1", "teams=[[fsm]]", "seeds=2", "ray.workers=0", f"out={out}/run"),
        "run with Ray": ("run", "exp1", "teams=[[fsm]]", "seeds=2", "ray.workers=1", f"out={out}/ray"),
        "report": ("report", f"{out}/run", "--html", f"{out}/report.html"),
        "verify": ("verify", f"{out}/demo"),
        "recordings": ("recordings", "list", f"{out}/demo"),
        "pvg": ("pvg", "run", "any_game", "settings={episodes: 5}", "ray.workers=0", f"out={out}/pvg"),
        "bench-window": ("bench-window", "--seconds", "2", "--size", "800x600"),
    }


def pythons(wanted: Sequence[str]) -> Iterator[Path]:
    """An interpreter for each version that can be had."""
    for version in wanted:
        beside = sorted(Path.home().glob(f".pyenv/versions/{version}*/bin/python{version}"))
        found = [Path("/usr/bin") / f"python{version}", shutil.which(f"python{version}"), *beside]
        for each in found:
            if each and Path(each).exists() and _says(each, "import sys, venv; print(*sys.version_info[:2], sep='.')"):
                yield Path(each)
                break
        else:
            print(f"python {version}: not found", flush=True)


def _says(python: str | Path, program: str, user: int | None = None) -> str:
    """What a program prints, empty if it cannot be run."""
    try:
        done = subprocess.run([str(python), "-c", program], capture_output=True, text=True, check=False, user=user)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def installed(python: Path, wheel: Path, folder: Path) -> Path:
    """An environment with Brigade in it, which other users may read; its interpreter."""
    if os.geteuid() == 0 and not _says(python, "print(1)", NOBODY):  # below a home that others may not enter
        base = Path(_says(python, "import sys; print(sys.base_prefix)"))
        copy = folder.parent / f"{base.name} for others"
        shutil.copytree(base, copy, symlinks=True)
        python = copy / "bin" / python.resolve().name
    place = folder / "environment"
    finds = {**os.environ, **_libraries(python)}
    subprocess.run([str(python), "-m", "venv", "--without-pip", str(place)], check=True, env=finds)
    mine = place / "bin" / "python"
    quiet = ["--quiet", "--quiet", "--disable-pip-version-check", "--no-warn-script-location"]
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(mine), "install", *quiet, str(wheel)], check=True, env=finds
    )
    return mine


def _libraries(python: Path) -> dict[str, str]:
    """Where an interpreter that was copied finds its own library."""
    return {"LD_LIBRARY_PATH": str(python.resolve().parents[1] / "lib")}


def run(argv: Sequence[str], condition: Condition, here: Path, temporary: Path) -> tuple[bool, str]:
    """Whether a command ends well and without a traceback, and what it printed."""
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    environment |= {"HOME": str(here), "TMPDIR": str(temporary), "LANG": "C.UTF-8", "SDL_VIDEODRIVER": "dummy"}
    environment |= _libraries(Path(argv[0]))
    for name, value in condition.changes.items():
        environment.pop(name, None)
        if value is not None:
            environment[name] = value
    user = NOBODY if condition.other else None
    try:
        done = subprocess.run(
            argv, cwd=here, env=environment, user=user, group=user, extra_groups=[] if condition.other else None,
            capture_output=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return False, f"did not end within {PATIENCE_S:.0f} s"
    told = (done.stdout + done.stderr).decode("utf-8", "backslashreplace")
    refused = condition.name == C_LOCALE and RAYS_OWN in told  # in order: what Ray cannot do, nobody can
    return (done.returncode == 0 or refused) and "Traceback" not in told, told


def tried(python: Path, condition: Condition, place: Path) -> Iterator[tuple[str, bool, str, float]]:
    """Every command and program under a condition."""
    name = "".join(letter if letter.isalnum() else "_" for letter in condition.name)
    here, temporary = place / f"{ODD} {name}", place / f"tmp_{name}"
    for folder in (here, temporary):
        folder.mkdir()
        if condition.other:
            os.chown(folder, NOBODY, NOBODY)
    work: dict[str, Sequence[str]] = {
        command: (str(python), "-m", "brigade", *words) for command, words in commands(str(here / ODD)).items()
    }
    for program, text in PROGRAMS.items():
        file = place / f"{name} {program}.py"
        file.write_text(text, encoding="utf-8")
        work[program] = (str(python), str(file))
    for each, argv in work.items():
        begun = time.perf_counter()
        yield each, *run(argv, condition, here, temporary), time.perf_counter() - begun


def main() -> int:
    """Install, try everything, and print a line for each."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--pythons", default="3.11,3.12,3.13")
    arguments.add_argument("--keep", type=Path, help="a folder for all of it, which is kept")
    given = arguments.parse_args()
    base = given.keep or Path(tempfile.mkdtemp(prefix="brigade-hostile-"))
    base.mkdir(parents=True, exist_ok=True)
    base.chmod(base.stat().st_mode | stat.S_IRWXU | stat.S_IROTH | stat.S_IXOTH)
    failed = count = 0
    try:
        build = [sys.executable, "-m", "build", "--outdir", str(base / "wheel"), str(ROOT)]  # by way of an sdist
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
        (wheel,) = (base / "wheel").glob("*.whl")
        for python in pythons(given.pythons.split(",")):
            version = _says(python, "import platform; print(platform.python_version())")
            place = base / f"{ODD} {version}"
            place.mkdir()
            mine = installed(python, wheel, place)
            for condition in CONDITIONS:
                if condition.other and os.geteuid() != 0:
                    print(f"{version}: {condition.name}: not tried, only root can be another user", flush=True)
                    continue
                if not run((str(mine), "-c", "import numpy"), condition, place, place)[0]:
                    print(
                        f"{version}: {condition.name}: not tried, Python itself imports no packages there", flush=True
                    )
                    continue
                for what, well, told, seconds in tried(mine, condition, place):
                    failed, count = failed + (not well), count + 1
                    print(
                        f"{version}: {condition.name}: {what}: {'ok' if well else 'FAILED'} ({seconds:.0f} s)",
                        flush=True,
                    )
                    if not well:
                        print("\n".join(f"    {line}" for line in told.splitlines()[-15:]), flush=True)
    finally:
        if given.keep is None:
            shutil.rmtree(base, ignore_errors=True)
    print(f"{failed} of {count} failed" if failed else f"all {count} are well" if count else "nothing was tried")
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(main())

"""What is installed: every package, and every file that is read at run time."""

from __future__ import annotations

import ast
import configparser
import fnmatch
import re
import subprocess
import sys
from pathlib import Path

import pytest

import brigade

ROOT = Path(__file__).parents[2]
ROOMS = ["envs", "agents", "simulation", "dual_process", "batch", "experiments", "human_play"]
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg", encoding="utf-8")

PACKAGES = SETUP["options"]["packages"].split()
FOLDERS = dict(line.split(" = ") for line in SETUP["options"]["package_dir"].strip().splitlines())
DATA = {
    package: [pattern.strip() for pattern in patterns.replace("\n", ",").split(",") if pattern.strip()]
    for package, patterns in SETUP["options.package_data"].items()
}


def test_every_folder_that_is_a_package_is_listed() -> None:
    found = {"brigade": "src/brigade"}
    for room in ROOMS:
        for file in (ROOT / room).rglob("__init__.py"):
            folder = file.parent.relative_to(ROOT)
            found[".".join(["brigade", *folder.parts])] = folder.as_posix()
    assert sorted(PACKAGES) == sorted(found)
    assert found == FOLDERS


def test_no_folder_of_source_has_more_than_sixteen_files() -> None:
    """One that does wants rooms inside."""
    for room in ROOMS:
        for folder in {file.parent for file in (ROOT / room).rglob("*.py")}:
            assert len(list(folder.glob("*.py"))) <= 16, folder


def test_every_python_file_is_in_a_package() -> None:
    """A folder of code without an __init__.py would be left out of the wheel."""
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            assert file.parent.relative_to(ROOT).as_posix() in FOLDERS.values(), file


def test_every_other_file_is_package_data() -> None:
    """YAML, prompts, pictures: whatever is not code in the rooms has a pattern in setup.cfg."""
    left_out = []
    for package, folder in FOLDERS.items():
        inner = [ROOT / other for other in FOLDERS.values() if other != folder and other.startswith(f"{folder}/")]
        for file in sorted((ROOT / folder).rglob("*")):
            ignored = file.suffix in (".py", ".pyc") or any(part.startswith(".") for part in file.parts[-3:])
            if file.is_dir() or ignored or any(other in file.parents for other in inner):
                continue
            name = file.relative_to(ROOT / folder).as_posix()
            if not any(fnmatch.fnmatch(name, pattern) for pattern in DATA.get(package, [])):
                left_out.append(f"{folder}/{name}")
    assert left_out == []


# What a distribution is imported as, where that is another name.
IMPORTED_AS = {"pygame-ce": "pygame", "pyyaml": "yaml", "imageio": "imageio_ffmpeg"}


def test_every_package_that_is_imported_is_declared() -> None:
    extras = SETUP["options.extras_require"]
    lines = [SETUP["options"]["install_requires"], *(extras[extra] for extra in extras if extra != "dev")]
    declared = {re.split(r"[<>=\[ ]", line)[0] for text in lines for line in text.split("\n") if line}
    known = {IMPORTED_AS.get(name, name) for name in declared}
    undeclared = set()
    for room in [*ROOMS, "src"]:
        for file in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
                first = {name.split(".")[0] for name in names}
                undeclared |= {(name, file.name) for name in first - known - sys.stdlib_module_names - {"brigade"}}
    assert undeclared == set()


@pytest.mark.parametrize(("package", "pattern"), [(package, pattern) for package in DATA for pattern in DATA[package]])
def test_every_pattern_matches_something(package: str, pattern: str) -> None:
    assert list((ROOT / FOLDERS[package]).glob(pattern))


def test_the_version_is_readable_without_importing() -> None:
    assert SETUP["metadata"]["version"] == "attr: brigade._version.__version__"
    file = ROOT / "src" / "brigade" / "_version.py"
    assert f'__version__ = "{brigade.__version__}"' in file.read_text(encoding="utf-8")
    assert "import" not in file.read_text(encoding="utf-8").split('"""')[2]


def test_the_installed_version_is_this_one() -> None:
    program = "from importlib.metadata import version; print(version('brigade'))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == brigade.__version__


def test_no_room_is_importable_by_its_bare_name(tmp_path: Path) -> None:
    """Importing `agents` instead of `brigade.agents` would load every class twice."""
    for room in ROOMS:
        done = subprocess.run(
            [sys.executable, "-c", f"import {room}"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert "ModuleNotFoundError" in done.stderr, room

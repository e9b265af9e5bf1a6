"""The documentation says what the code does: cards are current, and what pages show can be run."""

from __future__ import annotations

import importlib
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

import brigade.dual_process.build  # noqa: F401  # every registry is there
from brigade.envs.registry import Registry

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


PAGES = sorted(str(page.relative_to(ROOT)) for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def blocks(page: str, language: str) -> list[str]:
    return [text for kind, text in FENCE.findall((ROOT / page).read_text("utf-8")) if kind == language]


def test_the_environment_cards_are_current():
    spec = importlib.util.spec_from_file_location("make_environments", ROOT / "docs" / "make_environments.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs" / "environments.md").read_text("utf-8") == module.page()


@pytest.mark.parametrize("number", range(len(blocks("README.md", "python"))))
def test_the_examples_in_the_readme_run(number, tmp_path):
    code = blocks("README.md", "python")[number]
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_page_on_adding_a_dish_works_as_it_stands(tmp_path):
    cookbook, _, kitchen, run = blocks("docs/adding_a_dish.md", "yaml")
    (tmp_path / "tacos.yaml").write_text(cookbook)
    (tmp_path / "taqueria.yaml").write_text(kitchen)
    (tmp_path / "tacos_run.yaml").write_text(run)
    (code,) = blocks("docs/adding_a_dish.md", "python")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    command = [sys.executable, "-m", "brigade", "run", "tacos_run.yaml", "seeds=1", "ray.workers=0"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "taqueria" in done.stdout


@pytest.mark.parametrize("page", PAGES)
def test_files_and_modules_that_are_named_exist(page):
    text = (ROOT / page).read_text("utf-8")
    rooms = "envs|agents|simulation|dual_process|batch|experiments|human_play|tests|docs"
    for named in re.findall(rf"`((?:{rooms})/[\w./*-]+)`", text):
        assert list(ROOT.glob(named.rstrip("/"))), f"{page} -> {named}"
    for named in set(re.findall(r"`(brigade(?:\.\w+)+)", text)) - {registry.group for registry in Registry.everywhere}:
        assert importable(named), f"{page} -> {named}"


def test_pages_that_the_code_names_exist():
    for room in ("envs", "agents", "simulation", "dual_process", "batch", "experiments", "human_play"):
        for file in (ROOT / room).rglob("*.py"):
            for named in re.findall(r"docs/\w+\.md", file.read_text("utf-8")):
                assert (ROOT / named).exists(), f"{file} -> {named}"


def importable(name: str) -> bool:
    """Whether a name is a module, or something in one."""
    parts = name.split(".")
    for i in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:i]))
        except ModuleNotFoundError:
            continue
        for part in parts[i:]:
            found = getattr(found, part, None)
        return found is not None
    return False


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text("utf-8")):
        assert (ROOT / page).parent.joinpath(target).exists(), f"{page} -> {target}"

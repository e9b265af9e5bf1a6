"""Plug-ins of a configuration: found, told of, imported once, known by their digest, and never half there."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib import invalidate_caches
from pathlib import Path

import pytest

from brigade.agents.base import agents, make_agent
from brigade.envs.content import ContentError, read
from brigade.envs.plugins import Plugin, find_plugins, import_plugins, load_plugins
from brigade.envs.registry import BrigadeError, Registry

AGENT = """from brigade.agents.base import agents

@agents.register({name!r}, "of a plug-in")
class Still:
    def reset(self, view): pass
    def act(self, observation): return 0
"""


@pytest.fixture(autouse=True)
def tidy(tmp_path: Path) -> Iterator[None]:
    before = set(sys.modules)
    yield
    for registry in Registry.everywhere:
        for entry in list(registry._entries.values()):
            if entry.source.startswith((str(tmp_path), "toy_module")):
                registry.forget(entry.source)
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def config(folder: Path, plugins: str) -> Path:
    path = folder / "run.yaml"
    path.write_text(f"name: run\nplugins: {plugins}\n")
    return path


def load(folder: Path, plugins: str) -> tuple[list[Plugin], list[str]]:
    said: list[str] = []
    return load_plugins(read(config(folder, plugins)), said.append), said


def test_a_file_beside_the_configuration_is_said_and_imported(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(AGENT.format(name="still_a"))
    (plugin,), said = load(tmp_path, "[./mine.py]")
    assert said == [f"importing plug-in ./mine.py ({plugin.digest})"]
    assert agents["still_a"].source == str(tmp_path / "mine.py")
    assert make_agent("still_a").act({}) == 0
    assert plugin.model_dump() == {"name": "./mine.py", "digest": plugin.digest}, "no path of this machine"


def test_finding_imports_nothing(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("raise SystemExit")
    (plugin,) = find_plugins(read(config(tmp_path, "[./mine.py]")))
    assert plugin.file == str(tmp_path / "mine.py")


def test_it_is_imported_once_and_anew_when_it_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(AGENT.format(name="still_b") + f"with open({str(tmp_path / 'log')!r}, 'a') as f: f.write('x')\n")
    load(tmp_path, "[mine.py]")
    (first,), _ = load(tmp_path, "[mine.py]")
    assert (tmp_path / "log").read_text() == "x"
    kept = path.stat()
    path.write_text(path.read_text().replace("still_b", "still_c"))
    os.utime(path, ns=(kept.st_atime_ns, kept.st_mtime_ns))  # as when it is changed within a moment
    with pytest.raises(BrigadeError, match=r"plug-in mine\.py: it is not the same here"):
        import_plugins([first])
    (second,), _ = load(tmp_path, "[mine.py]")
    assert first.digest != second.digest
    assert "still_c" in agents
    assert "still_b" not in agents


def test_a_module_is_found_without_importing_it_and_known_by_all_its_files(tmp_path: Path, monkeypatch) -> None:
    package = tmp_path / "toy_module_p"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "agent.py").write_text(AGENT.format(name="still_d"))
    monkeypatch.syspath_prepend(str(tmp_path))
    invalidate_caches()
    (plugin,) = find_plugins(read(config(tmp_path, "[toy_module_p.agent]")))
    assert "toy_module_p" not in sys.modules
    (whole,) = find_plugins(read(config(tmp_path, "[toy_module_p]")))
    load(tmp_path, "[toy_module_p.agent]")
    assert agents["still_d"].source == "toy_module_p.agent"
    (package / "agent.py").write_text("# changed")
    assert find_plugins(read(config(tmp_path, "[toy_module_p]")))[0].digest != whole.digest
    assert plugin.file is None
    with pytest.raises(BrigadeError, match="has changed since it was imported; start Python anew"):
        load(tmp_path, "[toy_module_p.agent]")


def test_a_file_outside_the_folder_is_allowed_and_said(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(AGENT.format(name="still_e"))
    (tmp_path / "inner").mkdir()
    _, said = load(tmp_path / "inner", "[../mine.py]")
    assert f"{tmp_path / 'mine.py'}, which is outside the folder that it was named in" in said[0]
    assert "still_e" in agents


@pytest.mark.parametrize(
    ("plugins", "complaint"),
    [
        ("5", "plugins: expected a list of modules and files"),
        ("mine.py", "plugins: expected a list of modules and files"),
        ("[5]", "plugins: expected a list of modules and files"),
        ("['']", "plugins: expected a list of modules and files"),
        ("[./nowhere.py]", r"plugins\.0: './nowhere\.py' cannot be read: .*; looked for /.*/nowhere\.py"),
        ("[./folder]", r"plugins\.0: './folder': the file of a plug-in ends in \.py"),
        ("[sys, nothing_like_it]", r"plugins\.0: no module 'sys' with a file is installed"),
        ("[json, nothing_like_it]", r"plugins\.1: no module 'nothing_like_it' .*ends in \.py, as in ./nothing_like_it"),
        ("[json.nothing.at_all]", r"plugins\.0: no module 'json\.nothing\.at_all'"),
    ],
)
def test_what_cannot_be_found_is_said_with_its_line(tmp_path: Path, plugins: str, complaint: str) -> None:
    with pytest.raises(ContentError, match=rf"run\.yaml:2: {complaint}"):
        load(tmp_path, plugins)


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("raise RuntimeError('no luck')", "RuntimeError: no luck"),
        ("import nothing_like_it", "ModuleNotFoundError: No module named 'nothing_like_it'"),
        ("\nx = 1 / 0", r"ZeroDivisionError: division by zero \(bad\.py, line 8\)"),
        ("def broken(:", "SyntaxError"),
        ("raise SystemExit(2)", "SystemExit: 2"),
        ("\0", "SyntaxError|ValueError"),
        (AGENT.format(name="fsm"), "cannot be imported: agent 'fsm' is brought by brigade already, and by /.*bad.py"),
    ],
)
def test_one_that_cannot_be_imported_is_named_and_leaves_nothing(tmp_path: Path, code: str, complaint: str) -> None:
    good = AGENT.format(name="still_f")
    (tmp_path / "bad.py").write_text(code if "\0" in code or "(:" in code else good + code)
    for _ in range(2):  # the second time, too
        with pytest.raises(ContentError, match=rf"run\.yaml:2: plugins\.0: plug-in \./bad\.py: .*({complaint})"):
            load(tmp_path, "[./bad.py]")
    assert "still_f" not in agents
    assert agents["fsm"].source == "brigade"
    assert make_agent("fsm")


def test_two_that_bring_one_name_are_both_named(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(AGENT.format(name="still_g"))
    (tmp_path / "two.py").write_text(AGENT.format(name="still_g"))
    with pytest.raises(
        ContentError, match=r"plugins\.1: .*'still_g' is brought by .*one\.py already, and by .*two\.py"
    ):
        load(tmp_path, "[./one.py, ./two.py]")

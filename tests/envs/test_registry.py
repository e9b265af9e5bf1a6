"""Choosing by name: what packages bring is found, what they get wrong is said, and nothing else suffers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module, invalidate_caches
from importlib.abc import InspectLoader
from pathlib import Path
from types import ModuleType

import pytest

from brigade.envs.registry import OWN, BrigadeError, Registry

GROUP = "brigade.tests.things"
Install = Callable[..., None]


@pytest.fixture
def things() -> Iterator[Registry[object]]:
    registry: Registry[object] = Registry("thing", GROUP)
    yield registry
    Registry.everywhere.remove(registry)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Lay out a package as pip does: a module, and a dist-info folder with its entry points and requirements."""
    site = tmp_path / "site"
    before = set(sys.modules)

    def lay_out(name: str, code: str, points: str, requires: str = "brigade>=0") -> None:
        info = site / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (site / f"{name}.py").write_text(code)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Dist: {requires}\n"
        )
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{points}\n")
        invalidate_caches()

    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    yield lay_out
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(site)):
            del sys.modules[name]


def test_a_package_brings_a_function_with_its_first_line(things: Registry[object], install: Install) -> None:
    install("toy_a", 'def make():\n    """Makes it.\n\n    More."""\n    return 5\n', "five = toy_a:make")
    assert things.make("five") == 5
    entry = things["five"]
    assert (entry.about, entry.source, entry.thinks, entry.takes_reasoner) == ("Makes it.", "toy_a 1.0", False, False)
    assert things.problems == []


def test_a_class_says_itself_what_it_is(things: Registry[object], install: Install) -> None:
    code = "class Mind:\n    about = 'thinks aloud'\n    thinks = takes_reasoner = True\n"
    install("toy_b", code, "mind = toy_b:Mind")
    entry = things["mind"]
    assert (entry.about, entry.thinks, entry.takes_reasoner) == ("thinks aloud", True, True)


def test_a_module_registers_what_it_has(things: Registry[object], install: Install, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys.modules[__name__], "THINGS", things, raising=False)
    code = f"""import sys
things = sys.modules[{__name__!r}].THINGS
@things.register("one", "the first", thinks=True)
def one(): return 1
@things.register("two", "the second")
def two(): return 2
"""
    install("toy_c", code, "all = toy_c")
    assert things.names == ["one", "two"]
    assert (things["one"].source, things["one"].thinks) == ("toy_c 1.0", True)


def test_one_that_fails_to_import_is_named_and_the_others_work(things: Registry[object], install: Install) -> None:
    install("toy_broken", "raise RuntimeError('no such luck')", "bad = toy_broken:make")
    install("toy_exits", "raise SystemExit(3)", "worse = toy_exits:make")
    install("toy_fine", "def make(): return 1", "good = toy_fine:make")
    assert things.names == ["good"]
    told = "\n".join(things.problems)
    assert "toy_broken 1.0 brings thing 'bad', which cannot be used: RuntimeError: no such luck" in told
    assert "toy_exits 1.0 brings thing 'worse', which cannot be used: SystemExit: 3" in told
    with pytest.raises(BrigadeError, match=r"unknown thing 'bad'; .*toy_broken 1\.0") as caught:
        things["bad"]
    assert "toy_exits" not in str(caught.value)
    with pytest.raises(BrigadeError, match=r"^unknown thing 'goood'; did you mean 'good'\?$"):
        things["goood"]


def test_a_module_that_fails_might_have_brought_any_name(things: Registry[object], install: Install) -> None:
    install("toy_module", "raise RuntimeError('no such luck')", "all = toy_module")
    with pytest.raises(BrigadeError, match=r"unknown thing 'any'; .*toy_module 1\.0 .*no such luck"):
        things["any"]


@pytest.mark.parametrize("fault", ["import nothing_here", "import sys\n    sys.exit()", "return int('one')"])
def test_one_that_cannot_be_made_is_named_with_its_line(things: Registry[object], install: Install, fault: str) -> None:
    install("toy_g", f"def make():\n    {fault}\n", "faulty = toy_g:make")
    with pytest.raises(BrigadeError, match=r"thing 'faulty' cannot be made: \w+: .*\(toy_g\.py, line [23]\)"):
        things.make("faulty")


def test_a_folder_of_kitchens_that_cannot_be_used_hides_no_others(install: Install, monkeypatch) -> None:
    from brigade.envs.kitchen.content import folders

    code = "def none(): return '/no/such/folder'\ndef fails(): raise OSError('unplugged')\n"
    install("toy_h", code, "one = toy_h:none\ntwo = toy_h:fails")
    registry: Registry[Path] = Registry("content folder", GROUP)
    registry.register("own", "Brigade's")(folders.own_folder)
    monkeypatch.setattr(folders, "content", registry)
    try:
        assert "cramped_room" in folders.content_files("kitchen")
        missing, unplugged = folders.content_problems()
        assert missing == "toy_h 1.0 brings content folder 'one', which cannot be used: /no/such/folder: no such folder"
        assert "'two', which cannot be used: OSError: unplugged (toy_h.py, line 2)" in unplugged
        with pytest.raises(BrigadeError, match=r"unknown kitchen 'mine'.*unplugged"):
            folders.content_file("kitchen", "mine")
    finally:
        Registry.everywhere.remove(registry)


def test_two_that_bring_one_name_are_both_named(things: Registry[object], install: Install) -> None:
    install("toy_d", "def make(): return 1", "same = toy_d:make")
    install("toy_e", "def make(): return 2", "same = toy_e:make")
    with pytest.raises(BrigadeError, match=r"'same' is brought by toy_d 1\.0 and by toy_e 1\.0; uninstall one"):
        things["same"]
    assert "same" not in things


def test_one_for_a_newer_brigade_is_not_imported(things: Registry[object], install: Install, tmp_path: Path) -> None:
    code = f"open({str(tmp_path / 'imported')!r}, 'w').close()\ndef make(): return 1"
    install("toy_new", code, "new = toy_new:make", requires="brigade>=99")
    with pytest.raises(BrigadeError, match=r"toy_new 1\.0 brings thing 'new'.*it needs brigade>=99, and this is "):
        things["new"]
    assert not (tmp_path / "imported").exists()


def test_an_own_name_cannot_be_taken(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    own = Registry[object]("thing", GROUP)
    try:
        monkeypatch.setattr(own, "_own", ("brigade.agents.simple",))  # whatever it registers is registered elsewhere
        exec_as("brigade.somewhere", own, "mine")
        install("toy_f", "def make(): return 1", "mine = toy_f:make\nother = toy_f:make")
        assert own.make("mine") == "mine"
        assert own["mine"].source == OWN
        assert own.make("other") == 1
        assert any("Brigade has thing 'mine' itself" in problem for problem in own.problems)
    finally:
        Registry.everywhere.remove(own)


class SourceLoader(InspectLoader):
    def __init__(self, name: str, source: str):
        self.name, self.source = name, source

    def get_source(self, fullname: str) -> str:
        return self.source


def exec_as(module: str, registry: Registry[object], name: str) -> None:
    """Register something as a module of this name does."""
    there = ModuleType(module)
    there.__dict__.update(registry=registry, name=name)
    loader = SourceLoader(module, "registry.register(name, 'about')(lambda: name)")
    loader.exec_module(there)


def test_a_module_that_takes_an_own_name_learns_it_and_brigade_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when nothing has been looked up yet, and the own modules are not imported."""
    late = Registry[object]("thing", own=("brigade_late_module",))
    module = type(sys)("brigade_late_module")
    monkeypatch.setitem(sys.modules, "brigade_late_module", module)
    try:
        once = cache(lambda name: exec_as("brigade.late", late, "mine"))
        monkeypatch.setattr("brigade.envs.registry.import_module", once)
        with pytest.raises(BrigadeError, match="'mine' is brought by brigade already, and by elsewhere again"):
            exec_as("elsewhere", late, "mine")
        assert late["mine"].source == OWN
    finally:
        Registry.everywhere.remove(late)


def test_a_module_may_register_and_be_an_entry_point(things: Registry[object], install: Install, monkeypatch) -> None:
    """Imported by itself first: what it registers while it is half there does not look for its own entry points."""
    monkeypatch.setattr(sys.modules[__name__], "THINGS", things, raising=False)
    code = f"""import sys
sys.modules[{__name__!r}].THINGS.register("one", "the first")(lambda: 1)
def two(): return 2
"""
    install("toy_h", code, "two = toy_h:two")
    import_module("toy_h")
    assert (sorted(things.names), things.problems) == (["one", "two"], [])


def test_what_brigade_imports_while_a_package_is_loaded_stays_its_own(things: Registry[object]) -> None:
    from brigade.envs.registry import bringing

    with bringing("toy 1.0"):
        exec_as("brigade.deep.inside", things, "mine")
        exec_as("toy.inside", things, "theirs")
    assert (things["mine"].source, things["theirs"].source) == (OWN, "toy 1.0")


@pytest.mark.parametrize("thing", ["5", "'text'"])
def test_what_is_not_to_be_called_is_said(things: Registry[object], install: Install, thing: str) -> None:
    install("toy_g", f"thing = {thing}", "odd = toy_g:thing")
    assert things.names == []
    assert "expected a module or something to call, got" in things.problems[0]


def test_a_cell_of_a_notebook_may_be_run_again(things: Registry[object]) -> None:
    exec_as("__main__", things, "mine")
    exec_as("__main__", things, "mine")
    exec_as("somewhere", things, "other")
    with pytest.raises(BrigadeError, match="registered twice"):
        exec_as("somewhere", things, "other")


def test_all_thinking_agents_are_brigades_own() -> None:
    from brigade.agents.base import agents

    assert {entry.source for entry in agents if entry.name in ("dpt", "fsm", "act", "neural")} == {OWN}

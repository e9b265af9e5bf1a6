"""Other people's code that a configuration names: found, told of, imported once, and known by its digest.

`plugins: [module, ./file.py]` in a configuration; files are looked up beside it, those of a change on the command line
from the working directory. Only what plays or trains imports them; what reads results never does.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType

from pydantic import Field

from brigade.envs.content import Document, Model
from brigade.envs.faults import in_words
from brigade.envs.registry import PLUGIN, BrigadeError, Registry

DIGEST = "BRIGADE_DIGEST"  # in a plug-in that was imported, its digest
DIGITS = 12


class Plugin(Model):
    """Code that a configuration names.

    Attributes:
        name: as the configuration has it.
        digest: twelve digits that change when its Python files do.
        file: the absolute path of a single file, which is left out where a plug-in is written down; None for a module.
    """

    name: str
    digest: str
    file: str | None = Field(None, exclude=True)


imported: list[Plugin] = []  # what this process has imported, for processes that it starts


def notice(text: str) -> None:
    """Say something on standard error."""
    sys.stderr.write(f"Brigade: {text}\n")


def find_plugins(document: Document) -> list[Plugin]:
    """The plug-ins that a configuration names under `plugins`, without importing anything.

    Raises:
        ContentError: one is missing, or no text; with the line.
    """
    names = document.data.get("plugins", [])
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise document.error("expected a list of modules and files, such as [./my_agents.py]", "plugins")
    plugins = []
    for i, name in enumerate(names):
        try:
            is_file = name.endswith(".py") or "/" in name
            plugins.append(_file(name, _folder_of(document, i)) if is_file else _module(name))
        except BrigadeError as error:
            raise document.error(str(error), "plugins", i) from None
    return plugins


def load_plugins(document: Document, say: Callable[[str], None] = notice) -> list[Plugin]:
    """Find what a configuration names and import it, saying so before.

    Raises:
        ContentError: one is missing or cannot be imported; with the line.
    """
    plugins = find_plugins(document)
    for i, plugin in enumerate(plugins):
        outside = plugin.file is not None and not Path(plugin.file).is_relative_to(_folder_of(document, i))
        told = f": {plugin.file}, which is outside the folder that it was named in" if outside else ""
        say(f"importing plug-in {plugin.name} ({plugin.digest}){told}")
        try:
            import_plugins([plugin])
        except BrigadeError as error:
            raise document.error(str(error), "plugins", i) from error.__cause__
    return plugins


def _folder_of(document: Document, i: int) -> Path:
    return (document.folder_of("plugins", i) or Path.cwd()).resolve()


def import_plugins(plugins: Sequence[Plugin]) -> None:
    """Import plug-ins that are not imported yet, here or in a worker.

    Raises:
        BrigadeError: one cannot be imported, or is not what it was when the configuration was read.
    """
    for plugin in plugins:
        try:
            found = _file(plugin.file, Path.cwd()) if plugin.file is not None else _module(plugin.name)
        except BrigadeError as error:
            raise BrigadeError(f"plug-in {plugin.name}: {error}") from None
        if found.digest != plugin.digest:
            raise BrigadeError(f"plug-in {plugin.name}: it is not the same here (digest {found.digest}) as where the "
                               f"configuration was read ({plugin.digest})")  # fmt: skip
        try:
            with ExitStack() as undo:
                undo.callback(_forget, plugin.file or plugin.name)
                if plugin.file is None:
                    _import_module(plugin)
                else:
                    _import_file(Path(plugin.file), plugin.digest)
                undo.pop_all()
            imported.append(plugin)
        except (Exception, SystemExit) as error:  # other people's code: it may end in anything
            told = error if isinstance(error, BrigadeError) else in_words(error)
            raise BrigadeError(f"plug-in {plugin.name}: cannot be imported: {told}") from error


def _forget(source: str) -> None:
    for registry in Registry.everywhere:
        registry.forget(source)


def _import_module(plugin: Plugin) -> None:
    module = importlib.import_module(plugin.name)
    if module.__dict__.setdefault(DIGEST, plugin.digest) != plugin.digest:
        raise BrigadeError("it has changed since it was imported; start Python anew")


def _import_file(path: Path, digest: str) -> None:
    name = f"{PLUGIN}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}_{path.stem}"
    module = sys.modules.get(name)
    if module is not None and getattr(module, DIGEST, None) == digest:
        return
    _forget(str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=_Loader(name, str(path)))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    module.__dict__[DIGEST] = digest
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise


class _Loader(SourceFileLoader):
    """Reads the file itself every time: what Python has kept of it may be older within the same second."""

    def get_code(self, fullname: str) -> CodeType:
        """The code of the file."""
        return self.source_to_code(self.get_data(self.path), self.path)


def _file(name: str, folder: Path) -> Plugin:
    path = (folder / Path(name).expanduser()).resolve()
    if path.suffix != ".py":
        raise BrigadeError(f"'{name}': the file of a plug-in ends in .py")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BrigadeError(f"'{name}' cannot be read: {error.strerror}; looked for {path}") from None
    return Plugin(name=name, digest=hashlib.sha256(content).hexdigest()[:DIGITS], file=str(path))


def _module(name: str) -> Plugin:
    spec = _spec_of(name)
    if spec is None or spec.origin is None or not spec.has_location:
        raise BrigadeError(f"no module '{name}' with a file is installed; a file ends in .py, as in ./{name}.py")
    digest = hashlib.sha256()
    origin = Path(spec.origin)
    for file in sorted(origin.parent.rglob("*.py")) if spec.submodule_search_locations else [origin]:
        digest.update(file.read_bytes())
    return Plugin(name=name, digest=digest.hexdigest()[:DIGITS])


def _spec_of(name: str) -> ModuleSpec | None:
    """Where a module is, without importing its parents."""
    first, *rest = name.split(".")
    try:
        spec = importlib.util.find_spec(first)
    except (ImportError, ValueError):
        return None
    for i in range(len(rest)):
        if spec is None or spec.submodule_search_locations is None:
            return None
        spec = PathFinder.find_spec(".".join([first, *rest[: i + 1]]), spec.submodule_search_locations)
    return spec

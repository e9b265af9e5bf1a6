"""Other people's code that a configuration names: found, told of, imported once, and known by its digest.

`plugins: [module, ./file.py]` in a configuration; files are looked up beside it. Only what plays or trains imports
them; what reads results never does.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from brigade.envs.content import Document, Model
from brigade.envs.registry import BrigadeError, Registry, bringing


class Plugin(Model):
    """Code that a configuration names.

    Attributes:
        name: as the configuration has it.
        digest: twelve digits that change when its Python files do.
        file: the absolute path of a single file; None for a module.
    """

    name: str
    digest: str
    file: str | None = None


def notice(text: str) -> None:
    """Say something on standard error."""
    sys.stderr.write(f"Brigade: {text}\n")


def find_plugins(document: Document) -> list[Plugin]:
    """The plug-ins that a configuration names under `plugins`, without importing anything.

    Raises:
        ContentError: one is missing, or no text; with the line.
    """
    names = document.data.get("plugins") or []
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise document.error("expected a list of modules and files, such as [./my_agents.py]", "plugins")
    folder = _folder_of(document)
    plugins = []
    for i, name in enumerate(names):
        try:
            plugins.append(_file(name, folder) if name.endswith(".py") or "/" in name else _module(name))
        except BrigadeError as error:
            raise document.error(str(error), "plugins", i) from None
    return plugins


def load_plugins(document: Document, say: Callable[[str], None] = notice) -> list[Plugin]:
    """Find what a configuration names and import it, saying so before.

    Raises:
        BrigadeError: one is missing or cannot be imported.
    """
    plugins = find_plugins(document)
    folder = _folder_of(document)
    for plugin in plugins:
        outside = plugin.file is not None and not Path(plugin.file).is_relative_to(folder)
        told = ", which is outside the configuration's folder" if outside else ""
        say(f"importing plug-in {plugin.name} ({plugin.digest}){told}")
    import_plugins(plugins)
    return plugins


def _folder_of(document: Document) -> Path:
    return (document.folder or Path.cwd()).resolve()


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
            if plugin.file is None:
                importlib.import_module(plugin.name)
            else:
                _import_file(Path(plugin.file), plugin.digest)
        except (Exception, SystemExit) as error:  # other people's code: it may end in anything
            raise BrigadeError(f"plug-in {plugin.name}: cannot be imported: {type(error).__name__}: {error}") from error


def _import_file(path: Path, digest: str) -> None:
    name = f"brigade_plugin_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    module = sys.modules.get(name)
    if module is not None and getattr(module, "BRIGADE_DIGEST", None) == digest:
        return
    for registry in Registry.everywhere:
        registry.forget(str(path))
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    module.__dict__["BRIGADE_DIGEST"] = digest
    sys.modules[name] = module
    try:
        with bringing(str(path)):
            spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        for registry in Registry.everywhere:
            registry.forget(str(path))
        raise


def _file(name: str, folder: Path) -> Plugin:
    path = (folder / Path(name).expanduser()).resolve()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BrigadeError(f"'{name}' cannot be read: {error.strerror}; looked for {path}") from None
    return Plugin(name=name, digest=hashlib.sha256(content).hexdigest()[:12], file=str(path))


def _module(name: str) -> Plugin:
    spec = _spec_of(name)
    if spec is None or spec.origin is None:
        raise BrigadeError(f"no module '{name}' is installed; a file ends in .py, as in ./{name}.py")
    digest = hashlib.sha256()
    origin = Path(spec.origin)
    for file in sorted(origin.parent.rglob("*.py")) if spec.submodule_search_locations else [origin]:
        digest.update(file.read_bytes())
    return Plugin(name=name, digest=digest.hexdigest()[:12])


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

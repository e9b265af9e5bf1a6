"""Where kitchens and cookbooks come from by name: Brigade's own folder, and those that packages bring."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from brigade.envs.faults import in_words
from brigade.envs.registry import BrigadeError, Registry, unknown

Sort = Literal["kitchen", "cookbook"]
content: Registry[Path] = Registry("content folder", "brigade.content")


@content.register("brigade", "the kitchens and cookbooks that come with Brigade")
def own_folder() -> Path:
    """Brigade's own kitchens and cookbooks."""
    return Path(__file__).parent


def content_files(sort: Sort) -> dict[str, list[Path]]:
    """The files of all kitchens, or of all cookbooks, by name; several where several bring one.

    A content folder holds `kitchens/*.yaml` and `cookbooks/*.yaml`. Brigade's own names cannot be taken.
    """
    found: dict[str, list[Path]] = {}
    for folder in _folders()[0]:
        for file in sorted(folder.joinpath(f"{sort}s").glob("*.yaml")):
            files = found.setdefault(file.stem, [])
            if not files or files[0].parent.parent != own_folder():
                files.append(file)
    return found


def content_problems() -> list[str]:
    """What packages and plug-ins would bring and cannot, each with its name and why."""
    return [*content.problems, *_folders()[1]]


def content_file(sort: Sort, name: str) -> Path:
    """The file of a kitchen, or of a cookbook, by name.

    Raises:
        BrigadeError: there is none, or several folders bring one.
    """
    found = content_files(sort)
    if name not in found:
        raise BrigadeError("; ".join([str(unknown(sort, name, sorted(found))), *content_problems()]))
    if len(found[name]) > 1:
        raise BrigadeError(f"{sort} '{name}' is brought by {' and by '.join(map(str, found[name]))}; name the file")
    return found[name][0]


def _folders() -> tuple[list[Path], list[str]]:
    """The folders, and what is wrong with those that cannot be used."""
    folders, problems = [], []
    for entry in content:
        told = f"{entry.source} brings content folder '{entry.name}', which cannot be used"
        try:
            folder = Path(entry.make())
        except (Exception, SystemExit) as error:  # noqa: BLE001  # other people's code: it may end in anything
            problems.append(f"{told}: {in_words(error)}")
            continue
        if folder.is_dir():
            folders.append(folder)
        else:
            problems.append(f"{told}: {folder}: no such folder")
    return folders, problems

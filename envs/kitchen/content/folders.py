"""Where kitchens and cookbooks come from by name: Brigade's own folder, and those that packages bring."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

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
    for entry in content:
        for file in sorted(_folder(entry.make).joinpath(f"{sort}s").glob("*.yaml")):
            files = found.setdefault(file.stem, [])
            if not files or files[0].parent.parent != own_folder():
                files.append(file)
    return found


def content_file(sort: Sort, name: str) -> Path:
    """The file of a kitchen, or of a cookbook, by name.

    Raises:
        BrigadeError: there is none, or several folders bring one.
    """
    found = content_files(sort)
    if name not in found:
        raise unknown(sort, name, sorted(found))
    if len(found[name]) > 1:
        raise BrigadeError(f"{sort} '{name}' is brought by {' and by '.join(map(str, found[name]))}; name the file")
    return found[name][0]


def _folder(make: Callable[..., Path]) -> Path:
    folder = Path(make())
    if not folder.is_dir():
        raise BrigadeError(f"content folder {folder}: no such folder")
    return folder

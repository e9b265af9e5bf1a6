"""What every page is made with: templates that escape all values, and the pieces that pages have in common.

A page is a template beside the code that uses it, in a folder `templates` of its package. It extends `base.html` of
this package, which has the look and the policy, and draws its pieces with the macros of `parts.html`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from brigade.envs import disk
from brigade.envs.text import storable

KIT = __name__.rpartition(".")[0]
# Results may come from anywhere, so all their text is escaped; this says the same to the browser once more.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"


@dataclass(frozen=True)
class Grid:
    """A table of plain texts, the first column to the left.

    Attributes:
        heads: titles of the columns.
        lines: the cells.
        ours: the places of lines that stand out.
    """

    heads: Sequence[str]
    lines: Sequence[Sequence[str]]
    ours: Sequence[int] = ()


@dataclass(frozen=True)
class Figure:
    """A plot.

    Attributes:
        svg: as `brigade.batch.plots.to_svg` makes it.
        caption: below it.
        look: `scroll` for one that is not to shrink on a small screen, `matrix` for one that is not to grow.
    """

    svg: Markup
    caption: str = ""
    look: Literal["", "scroll", "matrix"] = ""


@dataclass(frozen=True)
class Section:
    """A piece of a page, with whatever it has of the following, in this order.

    Attributes:
        title: its heading.
        aside: small, after the title.
        about: what is shown.
        grid: a table.
        items: a list.
        notes: pale paragraphs.
        figure: a plot.
        within: smaller sections.
    """

    title: str
    aside: str = ""
    about: str = ""
    grid: Grid | None = None
    items: Sequence[str] = ()
    notes: Sequence[str] = ()
    figure: Figure | None = None
    within: Sequence[Section] = ()


@dataclass(frozen=True)
class Source:
    """What a page is about, in a frame near its top.

    Attributes:
        name: of the run, or of whatever it is.
        facts: by what they are.
        config: what was asked for, as YAML.
        notes: what a reader should know.
    """

    name: str
    facts: Mapping[str, str]
    config: str
    notes: Sequence[str] = ()


def render(package: str, template: str, /, **values: Any) -> str:
    """A page from a template.

    Args:
        package: the name of the package whose `templates` have it.
        template: its file's name.
        values: what it shows. All are escaped, except for plots.
    """
    return _environment(package).get_template(template).render(values, policy=POLICY)


def write(path: str | Path, text: str) -> None:
    """Write a page, or any text: the same text gives the same file on every system.

    Raises:
        BrigadeError: it cannot be written.
    """
    disk.write(Path(path), storable(text).encode())


def as_yaml(config: Mapping[str, Any]) -> str:
    """A configuration as people read it."""
    return yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True, width=100, default_flow_style=None)


@functools.cache
def _environment(package: str) -> Environment:
    loaders = [PackageLoader(name) for name in (package, KIT)]
    return Environment(
        loader=ChoiceLoader(loaders), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )

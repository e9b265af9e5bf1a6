"""The look that all plots have, and how they get into a page: the same figure gives the same text, byte for byte.

Colours are those of Okabe and Ito, which people of all kinds of colour vision can tell apart; where colour matters,
shape, hatching or a label says the same.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from brigade.batch.estimate import Estimate, Interval
from brigade.envs.text import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6B4C9A", "#444444")
SHAPES = ("o", "s", "D", "^", "v", "P", "X", "h")
INK, PALE, GRID = "#222222", "#777777", "#DDDDDD"
WIDTH = 10.4  # inches, of every figure
LONGEST = 44  # characters of a name in a plot
STYLE: dict[str, Any] = {
    "svg.hashsalt": "brigade",  # the same ids every time
    "svg.fonttype": "none",  # text stays text: it can be searched and copied
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.edgecolor": PALE,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": PALE,
    "ytick.color": PALE,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "ytick.left": False,
    "legend.frameon": False,
    "hatch.linewidth": 1.2,
}


def short(text: str, length: int = LONGEST) -> str:
    """Text that fits into a plot, without characters that cannot be drawn."""
    return one_line(text, length)


def spread(y: float, count: int, reach: float = 0.26) -> list[float]:
    """Heights around y for so many dots, up to `reach` away: apart, but never by chance."""
    return [y + reach * ((7 * i) % 11 - 5) / 5 for i in range(count)]


def to_svg(figure: Figure, name: str, about: str, titles: Mapping[str, str] | None = None) -> Markup:
    """A figure as an `svg` element to put into a page.

    Args:
        figure: what to draw.
        name: goes in front of all ids, so that several figures fit into one page.
        about: what it shows, for those who cannot see it.
        titles: text to show when the mouse is over the part with that id (matplotlib's gid).
    """
    buffer = io.StringIO()
    nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
    figure.savefig(buffer, format="svg", metadata=nothing, transparent=True)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    for gid, title in (titles or {}).items():
        text = text.replace(f'<g id="{gid}">', f'<g id="{gid}"><title>{escape(title)}</title>', 1)
    # Only inside tags, where matplotlib has escaped what is not its own.
    text = re.sub(r"<[^<>]*>", lambda tag: re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", tag[0]), text)
    return Markup(text.replace("<svg ", f'<svg role="img" aria-label="{escape(about)}" ', 1))


def panels(count: int, columns: int, height: float, sharey: bool = False) -> tuple[Figure, list[Axes]]:
    """A figure of so many panels in rows of `columns`; the last row may have fewer.

    Args:
        count: how many panels.
        columns: how many are side by side.
        height: of the whole figure, in inches.
        sharey: whether all have the same vertical axis.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    grid = figure.subplots(-(-count // columns), columns, squeeze=False, sharey=sharey).flatten().tolist()
    for axes in grid[count:]:
        axes.set_visible(False)
    return figure, grid[:count]


def dot_legend(
    figure: Figure, looks: Mapping[str, tuple[str, str]], columns: int, size: float = 6, length: int = LONGEST
) -> None:
    """A legend above a figure: a dot for each name, in a colour and a shape."""
    from matplotlib.lines import Line2D

    style: dict[str, Any] = {"ls": "", "ms": size}
    dots = [
        Line2D([], [], color=colour, marker=shape, label=short(name, length), **style)
        for name, (colour, shape) in looks.items()
    ]
    figure.legend(handles=dots, loc="outside upper left", ncols=columns)


def band(axes: Axes, xs: Sequence[float], points: Sequence[Estimate | Interval], colour: str, alpha: float) -> None:
    """Standard errors or intervals around a curve; where there is none, none is seen."""
    low = [point.low if point.low is not None else point.mean or 0.0 for point in points]
    high = [point.high if point.high is not None else point.mean or 0.0 for point in points]
    axes.fill_between(xs, low, high, color=colour, alpha=alpha, lw=0)


@contextmanager
def styled() -> Iterator[None]:
    """Matplotlib with our settings, whatever the user's are."""
    import matplotlib.style

    with warnings.catch_warnings(), matplotlib.style.context(["default", STYLE]):
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # the page's reader may have it
        yield

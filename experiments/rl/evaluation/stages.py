"""Past selves of a policy: partners of three levels of skill from one training (fictitious co-play)."""

from __future__ import annotations

from pathlib import Path

from brigade.agents.learned.checkpoint import steps_of
from brigade.batch.folder.lines import read_lines
from brigade.envs.registry import BrigadeError
from brigade.experiments.rl.config import PROGRESS


def stages(run: Path) -> list[Path]:
    """The first checkpoint of a training, the first that earns half of what the last earns, and the last.

    As Strouse et al. 2021 (arXiv 2110.08176, section 2.2) choose them.

    Raises:
        BrigadeError: it is not the folder of a training with at least two checkpoints.
    """
    kept = steps_of(run)
    if len(kept) < 2:
        raise BrigadeError(f"{run}: its past is asked for, but it holds {len(kept)} checkpoints; expected at least two")
    returns = [
        (line["step"], line["episode"]["returns"])
        for line in read_lines(run / PROGRESS, unfinished=True)
        if line["episode"]["returns"] is not None
    ]
    best = returns[-1][1] if returns else 0.0
    half = next((step for step, earned in returns if earned >= best / 2), 0)
    middle = next((folder for folder in kept[1:] if int(folder.name) >= half), kept[-1])
    return list(dict.fromkeys([kept[0], middle, kept[-1]]))

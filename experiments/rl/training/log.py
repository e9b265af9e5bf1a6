"""What a training tells while it runs: a line on the terminal, TensorBoard, and `progress.jsonl`."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from pydantic import BaseModel, StrictInt
from rich.console import Console

from brigade.batch.folder.lines import LineFile, read_lines, write_lines
from brigade.batch.numbers import figure
from brigade.envs.content import checked
from brigade.envs.disk import writing
from brigade.envs.registry import BrigadeError
from brigade.experiments.rl.config import PROGRESS
from brigade.experiments.rl.training.ppo import Losses
from brigade.experiments.rl.training.rollout import Totals

TENSORBOARD = "tensorboard"
EVERY_S = 5.0  # between lines on the terminal


class _Line(BaseModel):
    step: StrictInt


class Log(AbstractContextManager["Log"]):
    """Writes down every update, until the end of its `with` block.

    Args:
        folder: of the training.
        steps: environment steps in all.
        done: environment steps done before, whose lines are kept.
        console: where lines are shown.
        label: what stands in front of them.

    Raises:
        BrigadeError: TensorBoard is not installed, the folder cannot be written, or what is in it is damaged.
    """

    def __init__(self, folder: Path, steps: int, done: int, console: Console, label: str):
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise BrigadeError("training needs TensorBoard, which is missing: pip install 'brigade[rl]'") from None
        self.path, self.steps, self.console, self.label = folder / PROGRESS, steps, console, label
        self._keep_until(done)
        self._lines = LineFile(self.path)
        self._events = folder / TENSORBOARD
        with writing(self._events):
            self._board = SummaryWriter(str(self._events), purge_step=done + 1 if done else None)
        self._begun, self._first, self._shown = time.perf_counter(), done, time.perf_counter()
        self._return: float | None = None
        self._served: float | None = None

    def add(self, step: int, totals: Totals, losses: Losses, rates: dict[str, float]) -> None:
        """Write down an update that brought the training to environment step `step`.

        Raises:
            BrigadeError: it cannot be written, for example because the disk is full.
        """
        if totals.episodes:
            self._return, self._served = totals.returns, totals.served
        now = time.perf_counter()
        speed = (step - self._first) / (now - self._begun)
        values: dict[str, Any] = {"steps_per_s": round(speed, 1), **rates}
        groups = {"episode": asdict(totals), "loss": asdict(losses), "rate": values}
        with writing(self._events):
            for group, figures in groups.items():
                for name, value in figures.items():
                    if value is not None:
                        self._board.add_scalar(f"{group}/{name}", value, step)
        self._lines.add({"step": step, **groups})
        if now - self._shown >= EVERY_S or step >= self.steps:
            self._shown = now
            self._show(step, speed)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Write out what TensorBoard has not written yet.

        Raises:
            BrigadeError: it cannot be written.
        """
        try:
            with writing(self._events):
                self._board.close()
        except BrigadeError:
            if kind is None:  # else what went wrong first is what is told
                raise

    def _show(self, step: int, speed: float) -> None:
        left = max(0, round((self.steps - step) / speed))
        self.console.print(
            f"{self.label}  {step / 1e6:6.2f} of {self.steps / 1e6:.2f} M steps  return {figure(self._return)}  "
            f"deliveries {figure(self._served)}  {speed:,.0f} steps/s  {left // 60}:{left % 60:02d} left",
            highlight=False, markup=False, soft_wrap=True,
        )  # fmt: skip

    def _keep_until(self, done: int) -> None:
        """Drop lines that a training which goes on will write again."""
        lines = read_lines(self.path, unfinished=True) if done and self.path.exists() else ()
        write_lines(self.path, [line for line in lines if checked(_Line, line, f"{self.path}: damaged: ").step <= done])

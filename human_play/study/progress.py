"""A study's folder on disk: who has done what, safe against crashes, full disks and a second program.

`study.json` holds the study as it was first run, `participants.jsonl` who has which number (the only place where
participants' ids are), `participants/0001/` one participant's `steps.jsonl` and recordings, `lock` who is at work.
Files are only ever added to; a step is finished when its line is on the disk.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import count, takewhile
from pathlib import Path
from typing import Any

from brigade.batch.configuration.config import check_participant
from brigade.batch.folder.lines import LineFile, bytes_of, numbered_lines, torn
from brigade.batch.folder.lock import HeldFolder
from brigade.batch.folder.resume import refuse_change
from brigade.dual_process.old_names import refuse_mixing
from brigade.envs.budgets import RECORD_BYTES, read_json
from brigade.envs.disk import make_folder, write
from brigade.envs.kitchen.content.layout import kitchen_digest
from brigade.envs.registry import BrigadeError
from brigade.envs.text import taken_all
from brigade.human_play.study.schedule import Game, Playing, Solo, Step, schedule
from brigade.human_play.study.study import StudySpec
from brigade.simulation.provenance import now, provenance
from brigade.simulation.recording import ENDING, read_recording

FORMAT, VERSION = "brigade-study", 2  # of version 1 some partners have other names: `dual_process.old_names`
STUDY, PARTICIPANTS, FOLDERS, STEPS = "study.json", "participants.jsonl", "participants", "steps.jsonl"


class StudyFolder(HeldFolder):
    """A study's folder, held by this program alone.

    Args:
        folder: where; made if it does not exist.
        study: what is studied.

    Attributes:
        numbers: participants' numbers by their ids, in order of their first start.
        notes: what was found and put right, such as a line that a crash had cut off; for the experimenter.

    Raises:
        BrigadeError: another process works in it, it holds another study, is damaged, or cannot be written.
    """

    def __init__(self, folder: str | Path, study: StudySpec):
        self.study = study
        self.notes: list[str] = []
        self.numbers: dict[str, int] = {}
        super().__init__(Path(folder), "study's folder")

    def session(self, participant: str) -> Session:
        """The session of a participant: a new one, or where it was left.

        Args:
            participant: id, letters, digits, `_` and `-`.

        Raises:
            BrigadeError: no valid id, or someone who has finished or withdrawn already.
        """
        check_participant(participant)
        if participant not in self.numbers:
            number = len(self.numbers) + 1
            LineFile(self.folder / PARTICIPANTS).add({"number": number, "id": participant})
            self.numbers[participant] = number
        session = Session(self, self.numbers[participant])
        if session.over is not None:
            raise BrigadeError(f"participant '{participant}' has {session.over} this study already")
        session.start()
        return session

    def _begin(self) -> None:
        path = self.folder / STUDY
        if path.exists():
            _refuse_another(path, study_record(self.study))
        else:
            record = {"format": FORMAT, "version": VERSION, **study_record(self.study)}
            write(path, json.dumps(record, ensure_ascii=False, indent=1).encode())
        lines, note = read_steps(self.folder / PARTICIPANTS, repair=True)
        self.notes += [note] if note else []
        self.numbers = _numbers(lines, self.folder / PARTICIPANTS)
        if len(list((self.folder / FOLDERS).glob("*"))) > len(self.numbers):
            raise BrigadeError(f"{self.folder}: {PARTICIPANTS} names fewer participants than there are; put it back")


class Session:
    """One participant's way through the study. Get one from `StudyFolder.session`.

    Attributes:
        study: what is studied.
        number: of the participant, from 1; the only thing that tells participants apart in recordings.
        steps: all of them, in order.
        done: what was stored with the finished ones, by step id.
        over: `finished` or `withdrawn from`, None while there is something left to do.
        folder: with this participant's data.
    """

    def __init__(self, of: StudyFolder, number: int):
        self.study, self.number = of.study, number
        self.steps = schedule(of.study, number)
        self.folder = of.folder / FOLDERS / f"{number:04}"
        self._of = of
        self._path = self.folder / STEPS
        lines, note = read_steps(self._path, repair=True)
        of.notes += [note] if note else []
        self.done: dict[str, dict[str, Any]] = {}
        self.over: str | None = None
        for line in lines:
            if "withdrawn" in line:
                self.over = "withdrawn from"
            elif "step" in line:
                self.done[str(line["step"])] = dict(line["data"])
        if self.over is None and self.current is None:
            self.over = "finished"

    @property
    def current(self) -> Step | None:
        """The step to be done now; None when all are finished, or the participant has withdrawn."""
        if self.over is not None:
            return None
        return next((step for step in self.steps if step.id not in self.done), None)

    @property
    def place(self) -> tuple[int, int]:
        """How many steps are finished, of how many."""
        return len(self.done), len(self.steps)

    def start(self) -> None:
        """Note the beginning or resumption, and take over a game that ended just before a crash."""
        make_folder(self.folder)
        LineFile(self._path).add({"started": provenance(), "at": now()})
        step = self.current
        if isinstance(step, Game | Solo):
            last = self._attempts(step)[-1:]
            if last and is_whole(last[0]):
                self.finish(step, {"taken_over": True})
                self._of.notes.append(f"participant {self.number}: {step.id} had ended before the crash and is kept")

    def finish(self, step: Step, data: Mapping[str, Any] | None = None) -> None:
        """Store what came of the current step; it is on the disk when this returns, and never done again.

        Args:
            step: the current one.
            data: JSON values. Of a game, `recording` is added: its file's name.

        Raises:
            BrigadeError: not the current step, not its data (`Step.check`), a game whose recording is not whole, or it
                cannot be written: the step then stays the current one; what was finished before is kept.
        """
        if self.current is None or step.id != self.current.id:
            current = self.current.id if self.current is not None else "none"
            raise BrigadeError(f"step '{step.id}' is not the current one, which is '{current}'")
        stored = step.check(data or {})
        if isinstance(step, Playing):
            attempts = self._attempts(step)
            if isinstance(step, Game | Solo) and not (attempts and is_whole(attempts[-1])):
                raise BrigadeError(f"{step.id}: there is no whole recording of it, so it must be played again")
            if attempts:
                stored["recording"] = attempts[-1].name
        LineFile(self._path).add({"step": step.id, "at": now(), "data": stored})
        self.done[step.id] = stored
        if self.current is None:
            self.over = "finished"

    def withdraw(self, reason: str = "") -> None:
        """Note that the participant does not go on; what was finished is kept.

        Raises:
            BrigadeError: it cannot be written.
        """
        LineFile(self._path).add({"withdrawn": reason, "at": now()})
        self.over = "withdrawn from"

    def recording(self, step: Playing) -> Path:
        """A file for the recording of a game, one that does not exist yet: `-attempt-2` after one that was cut."""
        return self._file(step, len(self._attempts(step)) + 1)

    def header(self, step: Playing) -> dict[str, Any]:
        """The first line of that recording: give it to `RecordingWriter`."""
        return step.header({"study": self.study.name, "participant": self.number})

    def _attempts(self, step: Playing) -> list[Path]:
        """The recordings that there are of a step, in order."""
        return list(takewhile(Path.exists, (self._file(step, attempt) for attempt in count(1))))

    def _file(self, step: Playing, attempt: int) -> Path:
        return self.folder / f"{step.id}{f'-attempt-{attempt}' if attempt > 1 else ''}{ENDING}"


def study_record(study: StudySpec) -> dict[str, Any]:
    """The first record: the study in full, which kitchens exactly, and what code runs it."""
    kitchens = {name: kitchen_digest(study.kitchen(name, study.seconds)) for name in study.kitchens}
    return {
        "study": study.model_dump(mode="json", exclude={"about", "out"}),
        "kitchens": kitchens,
        "provenance": provenance(),
    }


def is_whole(recording: Path) -> bool:
    """Whether a recording can be read and holds a game that was played to its end."""
    try:
        read = read_recording(recording)
    except BrigadeError:
        return False
    return read.cut is None and read.end is not None and bool(read.end.get("finished"))


def read_study(folder: str | Path) -> dict[str, Any]:
    """The first record of a study's folder.

    Raises:
        BrigadeError: there is none, or a newer Brigade wrote it.
    """
    path = Path(folder) / STUDY
    if not path.exists():
        raise BrigadeError(f"{folder}: no study's folder: there is no {STUDY} in it")
    record = taken_all(read_json(path, RECORD_BYTES))
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise BrigadeError(f"{path}: not a study's first record")
    if not isinstance(record.get("version"), int) or record["version"] > VERSION:
        raise BrigadeError(f"{path}: version {record.get('version')!r}; this Brigade reads up to {VERSION}")
    return record


def read_steps(path: Path, repair: bool = False) -> tuple[list[dict[str, Any]], str | None]:
    """The lines of a file that is added to, and a note if the last was cut off by a crash.

    Args:
        path: of JSON lines; none at all if it does not exist.
        repair: take away the part of a line, so that the next one begins on its own.

    Raises:
        BrigadeError: it cannot be read, or a line in the middle is damaged.
    """
    if not path.exists():
        return [], None
    lines = []
    for number, line in numbered_lines(path, unfinished=True):
        if "step" in line and not isinstance(line.get("data"), dict):
            raise BrigadeError(f"{path}:{number}: damaged: expected a step with its data, as Brigade wrote it")
        lines.append(line)
    cut = torn(bytes_of(path))
    if repair:
        LineFile(path)
    return lines, f"{path}: a last line of {cut} bytes was cut off by a crash and is left out" if cut else None


def _numbers(lines: list[dict[str, Any]], path: Path) -> dict[str, int]:
    """Participants' numbers by their ids."""
    for number, line in enumerate(lines, 1):
        if line.get("number") != number or not isinstance(line.get("id"), str):
            raise BrigadeError(f"{path}:{number}: damaged: expected participant number {number}")
    return {line["id"]: line["number"] for line in lines}


def _refuse_another(path: Path, new: dict[str, Any]) -> None:
    old = read_study(path.parent)
    refuse_mixing(path.parent, (partner["name"] for partner in new["study"]["partners"]), old["version"])
    kitchens = [{f"kitchen {name}": digest for name, digest in each.get("kitchens", {}).items()} for each in (old, new)]
    refuse_change(path.parent, "another study", old.get("study", {}), json.loads(json.dumps(new["study"])))
    refuse_change(path.parent, "another study", *kitchens)

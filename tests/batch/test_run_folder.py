"""A run's folder: nothing that was finished is lost or mixed up, whatever the disk, a crash or another process does."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from brigade.batch.folder.lines import LineFile, is_begun, read_lines, torn
from brigade.batch.folder.lock import LOCK, take_lock
from brigade.batch.folder.resume import filled_in, first_difference, go_on
from brigade.batch.folder.run_folder import Kind, Record, RunFolder
from brigade.envs.content import Model
from brigade.envs.disk import write
from brigade.envs.registry import BrigadeError

KIND = Kind("toy run", "toys.jsonl", "toy-run", "a toy", "toy", traces=("drafts",))
ALREADY = {"key": "é 0", "format": "toy", "version": 1, "text": "half \ud83d a pair, and a line\nend"}


def opened(folder: Path, seeds: int = 2, **asked: Any) -> RunFolder:
    config = {"seeds": list(range(seeds)), **asked}

    def going_on(header: Record, _: list[Record]) -> Record:
        return {"config": go_on(folder, "another run", header["config"], config)}

    return RunFolder(folder, KIND, {"config": config}, going_on)


def toy(key: str) -> Record:
    return {"key": key, "format": "toy", "version": 1}


class TestLines:
    def test_a_last_line_cut_off_anywhere_costs_only_itself(self, tmp_path):
        path = tmp_path / "lines.jsonl"
        lines = LineFile(path)
        lines.add({"first": 1})
        before = path.stat().st_size
        lines.add(ALREADY)
        whole = path.read_bytes()
        for cut in range(before, len(whole) + 1):
            path.write_bytes(whole[:cut])
            kept = list(read_lines(path, unfinished=True))
            last = [ALREADY] if cut >= len(whole) - 1 else []  # only its end is missing
            assert kept == [{"first": 1}, *last], cut
            assert torn(whole[:cut]) == (0 if last else cut - before)
            LineFile(path).add({"next": 2})
            assert list(read_lines(path)) == [{"first": 1}, *last, {"next": 2}], cut

    def test_what_someone_else_has_written_meanwhile_is_not_written_over(self, tmp_path):
        one, other = LineFile(tmp_path / "lines.jsonl"), LineFile(tmp_path / "lines.jsonl")
        one.add({"one": 1})
        with pytest.raises(BrigadeError, match="another program has written to it"):
            other.add({"other": 1})
        assert list(read_lines(one.path)) == [{"one": 1}]

    @pytest.mark.parametrize("there", [True, False])
    def test_what_cannot_be_written_leaves_the_file_as_it_was(self, tmp_path, monkeypatch, there):
        lines = LineFile(tmp_path / "lines.jsonl")
        if there:
            lines.add({"first": 1})

        def full(_: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            with pytest.raises(BrigadeError, match=r"lines\.jsonl: cannot be written: No space left .* Make room"):
                lines.add({"second": 2})
            with pytest.raises(BrigadeError, match=r"whole\.json: cannot be written: No space left"):
                write(tmp_path / "whole.json", b"{}")
        assert lines.path.exists() == there
        assert not (tmp_path / "whole.json").exists()
        lines.add({"third": 3})
        assert list(read_lines(lines.path)) == [*([{"first": 1}] if there else []), {"third": 3}]


class TestFolder:
    def test_what_is_added_is_there_and_gone_on_with(self, tmp_path):
        with opened(tmp_path / "run") as run:
            run.add(toy("1"), {"key": "1", "wall_s": 2.0})
            run.add(toy("0"), {"key": "0", "wall_s": 1.0})
            run.finish(["0", "1"])
            first = run.header
        with opened(tmp_path / "run", seeds=3) as run:
            assert list(run.done) == ["0", "1"]
            run.add(toy("2"))
        header, *records = KIND.read(tmp_path / "run")
        assert [record["key"] for record in records] == ["0", "1", "2"]
        assert header == {**first, "config": {"seeds": [0, 1, 2]}}
        assert [line["key"] for line in read_lines(tmp_path / "run" / "timings.jsonl")] == ["1", "0"]

    def test_fewer_lose_nothing_and_another_question_is_refused(self, tmp_path):
        with opened(tmp_path) as run:
            run.add(toy("0"))
        with opened(tmp_path, seeds=1) as run:
            run.finish(["0"])
        assert KIND.read(tmp_path)[0]["config"] == {"seeds": [0, 1]}
        before = (tmp_path / KIND.file).read_bytes()
        with pytest.raises(BrigadeError, match=r'holds another run: level is null there and "hard" here; choose'):
            opened(tmp_path, level="hard")
        assert (tmp_path / KIND.file).read_bytes() == before
        opened(tmp_path).close()  # refusing has let go of the lock

    def test_where_nothing_has_come_of_a_run_another_may_begin(self, tmp_path):
        opened(tmp_path, level="easy").close()
        opened(tmp_path, level="hard").close()
        assert KIND.read(tmp_path)[0]["config"]["level"] == "hard"
        (tmp_path / "drafts").mkdir()
        with pytest.raises(BrigadeError, match="level is"):
            opened(tmp_path, level="easy")

    def test_a_crash_while_the_first_line_is_written_locks_nobody_out(self, tmp_path):
        opened(tmp_path).close()
        path = tmp_path / KIND.file
        whole = path.read_bytes()
        for cut in range(len(whole)):
            path.write_bytes(whole[:cut])
            assert not is_begun(path, KIND.header_format)
            opened(tmp_path).close()
            assert path.read_bytes() == whole
        path.write_bytes(b'{"mine": 1}')
        with pytest.raises(BrigadeError, match=r"toys\.jsonl:1: not a toy run: expected a first line with format toy"):
            opened(tmp_path)
        assert path.read_bytes() == b'{"mine": 1}'

    @pytest.mark.parametrize(
        ("line", "complaint"),
        [
            ({"key": "9", "format": "toy", "version": 2}, "toys.jsonl:2: version 2, written by a newer Brigade"),
            ({"key": "9", "format": "toy"}, "toys.jsonl:2: damaged: no version"),
            ({"key": "9", "format": "doll", "version": 1}, "toys.jsonl:2: expected a toy, got format 'doll'"),
        ],
    )
    def test_what_is_no_record_is_named(self, tmp_path, line, complaint):
        opened(tmp_path).close()
        with (tmp_path / KIND.file).open("a") as file:
            file.write(json.dumps(line) + "\n")
        with pytest.raises(BrigadeError, match=complaint):
            opened(tmp_path)


HOLD = """
import sys
from pathlib import Path
from brigade.batch.folder.lock import take_lock
lock = take_lock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_refused_until_the_first_is_gone_however_it_went(tmp_path):
    first = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        for _ in range(2):  # asking does not wipe out who holds it
            with pytest.raises(BrigadeError, match=f"process {first.pid} is working in this folder; close it first"):
                opened(tmp_path)
        assert not (tmp_path / KIND.file).exists()
    finally:
        first.kill()
        first.communicate()
    with opened(tmp_path), pytest.raises(BrigadeError, match=f"process {os.getpid()} is working"):
        take_lock(tmp_path)
    assert (tmp_path / LOCK).exists()


MOUNTED = """
set -e
mount -t tmpfs -o size=64k tmpfs "$1"
cd "$2"
"$3" -c "$4" "$1"
"""
FILL = """
import sys
from pathlib import Path
from brigade.batch.folder.run_folder import Kind, RunFolder
from brigade.envs.registry import BrigadeError
kind = Kind("toy run", "toys.jsonl", "toy-run", "a toy")
folder = Path(sys.argv[1]) / "run"
count = 0
with RunFolder(folder, kind, {}, lambda header, records: {}) as run:
    try:
        while True:
            run.add({"key": count, "text": "x" * 1000}, {"key": count})
            count += 1
    except BrigadeError as error:
        print(error)
records = kind.read(folder)[1:]
assert len(records) == count > 5, (len(records), count)
import subprocess
subprocess.run(["mount", "-o", "remount,ro", sys.argv[1]], check=True)
for place in (folder, folder / "below"):
    try:
        RunFolder(place, kind, {}, lambda header, records: {})
    except BrigadeError as error:
        print(error)
"""


def test_a_disk_that_is_full_or_read_only_is_one_sentence(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs more rights than this process has")
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", MOUNTED, "sh", str(disk), str(Path.cwd()), sys.executable, FILL],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "mount:" in done.stderr:
        pytest.skip("mounting a small disk needs more rights than this process has")
    full, locked, below = done.stdout.splitlines()
    assert full.startswith(f"{disk}/run/")
    assert full.endswith(
        "cannot be written: No space left on device; what was finished before is kept. Make room and try again"
    )
    assert locked == f"{disk}/run/{LOCK}: cannot be written: Read-only file system"
    assert below == f"{disk}/run/below: cannot be made: Read-only file system"


class Settings(Model):
    level: str = "easy"
    seeds: list[int] = [0]
    vary: dict[str, list[int]] = {}


class TestRule:
    def test_settings_that_came_since_have_their_defaults(self, tmp_path):
        new = Settings(level="hard").model_dump()
        old = filled_in(tmp_path, {"seeds": [0]}, Settings, Settings.model_dump)
        assert first_difference(old, new) == ("level", '"easy"', '"hard"')
        assert first_difference(old, Settings().model_dump()) is None
        with pytest.raises(BrigadeError, match="colour: there is no such setting any more; choose another folder"):
            filled_in(tmp_path, {"colour": "red"}, Settings, Settings.model_dump)

    def test_more_of_what_varies_may_be_added_and_nothing_else_may_vary(self, tmp_path):
        old = Settings(seeds=[0, 7], vary={"hz": [1]}).model_dump()
        new = Settings(seeds=[0, 1], vary={"hz": [2]}).model_dump()
        whole = go_on(tmp_path, "another run", old, new, ("seeds", "vary"))
        assert whole == {"level": "easy", "seeds": [0, 1, 7], "vary": {"hz": [2, 1]}}
        with pytest.raises(BrigadeError, match=r"vary\.colour is null there and \[1\] here"):
            go_on(tmp_path, "another run", old, {**new, "vary": {"hz": [1], "colour": [1]}}, ("seeds", "vary"))
        with pytest.raises(BrigadeError, match=r"vary\.hz is \[1\] there and null here"):
            go_on(tmp_path, "another run", old, {**new, "vary": {}}, ("seeds", "vary"))

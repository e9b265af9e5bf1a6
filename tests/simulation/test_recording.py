"""Recordings: every episode replays identically, and whatever is left of a file is read and said to be cut."""

from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from brigade.agents.base import make_agent
from brigade.envs.kitchen.content.layout import dump_kitchen, kitchen_digest, restore_kitchen
from brigade.envs.kitchen.content.loading import list_kitchens, load_kitchen
from brigade.envs.registry import BrigadeError
from brigade.simulation.clock import Constant, VirtualClock
from brigade.simulation.episode import play
from brigade.simulation.played import Played
from brigade.simulation.recording import RecordingWriter, make_header, read_recording

TEAM = ("dpt", "beef_specialist")
THINKERS = (
    "dpt", "dpt_without_tom", "react", "reflexion", "act", "agile", "react_dpt", "reflexion_dpt",
    "react_stepwise", "reflexion_stepwise", "dpt@paper",
)  # fmt: skip
OTHERS = ("fsm", "random", "stay", "assembler")
SPECIALISTS = ("beef_specialist", "lettuce_specialist", "switching")


def record(path: Path, kitchen: str, team: tuple[str, ...], horizon: int = 80, seed: int = 0) -> Played:
    loaded = load_kitchen(kitchen, horizon=horizon)
    agents = [{"name": name, "options": {}} for name in team]
    writer = RecordingWriter(path, make_header(loaded, seed, None, agents, "both", {"kind": "virtual", "hz": 4.0}))
    clock = VirtualClock(4.0, Constant(1.0))
    try:
        return play(loaded, [make_agent(name) for name in team], seed, None, clock, recorder=writer)
    finally:
        writer.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "game.jsonl.zst"
    record(path, "new_counter_circuit", TEAM, horizon=500)
    return path


def test_two_hundred_recordings_replay_identically(tmp_path):
    everywhere = [*THINKERS, *OTHERS]
    names = [*everywhere, *SPECIALISTS]
    kinds = set()
    for number in range(200):
        kitchen = list_kitchens()[number % len(list_kitchens())]
        loaded = load_kitchen(kitchen)
        here = names if loaded.spec.cookbook == "burgers" else everywhere
        team = tuple(here[(number // 9 * 2 + number % 9 + seat * 3) % len(here)] for seat in range(loaded.chefs))
        path = tmp_path / f"{number}.jsonl.zst"
        played = record(path, kitchen, team, horizon=40, seed=number)
        recording = read_recording(path)
        assert recording.cut is None
        assert recording.compare() == (40, None)
        assert recording.end is not None
        assert recording.end["result"]["score"] == played.score
        told = [thought for line in recording.ticks for thought in line.thoughts] + recording.end["thoughts"]
        assert told == played.thoughts
        assert [message for line in recording.ticks for message in line.messages] == played.messages
        kinds |= set(team)
    assert kinds == set(names)


def test_a_whole_game_is_under_two_hundred_kilobytes(whole):
    assert whole.stat().st_size < 200_000


def test_a_file_cut_at_any_byte_is_read_up_to_its_last_whole_tick_and_said_to_be_cut(whole, tmp_path):
    data, full = whole.read_bytes(), read_recording(whole)
    assert full.cut is None
    cut = tmp_path / "cut.jsonl.zst"
    draws = random.Random(1)
    ticks: list[tuple[int, int]] = []
    refused: list[str] = []
    for at in [draws.randrange(len(data)) for _ in range(1000)]:
        cut.write_bytes(data[:at])
        try:
            recording = read_recording(cut)
        except BrigadeError as error:
            refused.append(str(error))
            continue
        assert recording.cut is not None
        assert recording.ticks == full.ticks[: len(recording.ticks)]
        ticks.append((at, len(recording.ticks)))
    assert all("cut off in its header" in complaint for complaint in refused)
    assert len(ticks) > 500
    ticks.sort()
    per_byte = len(full.ticks) / len(data)
    assert all(later[1] >= earlier[1] for earlier, later in itertools.pairwise(ticks))
    assert all(count > at * per_byte - 250 for at, count in ticks)  # what is there is read, not given up


def test_only_the_tick_in_flight_is_lost(whole, tmp_path):
    lines = read_recording(whole).ticks
    cut = tmp_path / "cut.jsonl.zst"
    cut.write_bytes(whole.read_bytes()[:-40])
    recording = read_recording(cut)
    assert len(recording.ticks) >= len(lines) - 1
    assert recording.cut is not None


def unpacked(data: bytes) -> tuple[bytes, bool] | None:
    """The text of a frame and whether the frame ends; None if it is damaged."""
    decompress = zstandard.ZstdDecompressor().decompressobj()
    try:
        return decompress.decompress(data), decompress.eof
    except zstandard.ZstdError:
        return None


def test_a_changed_byte_is_noticed(whole, tmp_path):
    data = bytearray(whole.read_bytes())
    full = unpacked(bytes(data))
    changed = tmp_path / "changed.jsonl.zst"
    draws = random.Random(2)
    noticed = 0
    for at in [draws.randrange(200, len(data)) for _ in range(100)]:
        data[at] ^= 0x10
        changed.write_bytes(data)
        means_the_same = unpacked(bytes(data)) == full  # a few bits of a frame pad it: the recording is still the same
        data[at] ^= 0x10
        try:
            recording = read_recording(changed)
        except BrigadeError:
            noticed += 1
            continue
        same = recording.cut is None and recording.first_difference() is None
        assert same == means_the_same
        noticed += not same
    assert noticed > 90


def test_an_action_that_was_not_played_is_named_with_its_tick(whole, tmp_path):
    lines = zstandard.ZstdDecompressor().decompressobj().decompress(whole.read_bytes()).split(b"\n")[:-1]
    at, entry = next((i, e) for i, e in enumerate(map(json.loads, lines)) if i > 100 and e["a"][0] in "1234")
    entry["a"] = {"1": "2", "2": "1", "3": "4", "4": "3"}[entry["a"][0]] + entry["a"][1:]  # the other way
    lines[at] = json.dumps(entry).encode()
    changed = tmp_path / "changed.jsonl.zst"
    changed.write_bytes(zstandard.ZstdCompressor().compress(b"\n".join(lines) + b"\n"))
    steps, difference = read_recording(changed).compare()
    assert steps == entry["t"]
    assert difference is not None
    assert difference.startswith(f"tick {steps}")


def test_a_recording_holds_its_kitchen(whole):
    kitchen = load_kitchen("new_counter_circuit")
    assert kitchen_digest(read_recording(whole).kitchen) == kitchen_digest(load_kitchen(kitchen.name, horizon=500))
    for name in list_kitchens():
        loaded = load_kitchen(name)
        assert kitchen_digest(restore_kitchen(dump_kitchen(loaded), "here")) == kitchen_digest(loaded)


def test_recordings_are_never_written_over(whole):
    with pytest.raises(BrigadeError, match="exists already"):
        record(whole, "new_counter_circuit", TEAM)


@pytest.mark.parametrize("content", [b"", b"nothing of the sort", zstandard.compress(b'{"format":"other"}\n')])
def test_what_is_no_recording_is_refused(tmp_path, content):
    path = tmp_path / "other.jsonl.zst"
    path.write_bytes(content)
    with pytest.raises(BrigadeError, match="not a recording"):
        read_recording(path)


def test_a_newer_version_is_refused(tmp_path):
    path = tmp_path / "newer.jsonl.zst"
    path.write_bytes(zstandard.compress(b'{"format":"brigade-recording","version":99}\n'))
    with pytest.raises(BrigadeError, match="version 99"):
        read_recording(path)


@pytest.mark.skipif(sys.platform == "win32", reason="limits on the size of files are POSIX's")
def test_a_full_disk_ends_the_recording_and_not_the_game(tmp_path):
    script = f"""
        import resource, signal, sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from test_recording import record
        from brigade.simulation import recording
        writers = []
        made = recording.RecordingWriter.__init__
        def remember(self, *rest):
            writers.append(self)
            made(self, *rest)
        recording.RecordingWriter.__init__ = remember
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
        from pathlib import Path
        played = record(Path({str(tmp_path / "full.jsonl.zst")!r}), "new_counter_circuit", ("fsm", "fsm"), 200)
        print(played.ticks, played.finished, writers[0].failed)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.stdout.strip() == "200 True File too large", done.stderr
    recording = read_recording(tmp_path / "full.jsonl.zst")
    assert 0 < len(recording.ticks) < 200
    assert recording.cut is not None
    assert recording.first_difference() is None


def rewritten(whole: Path, path: Path, change: Callable[[list[dict[str, Any]]], None], unchained: bool = False) -> Path:
    """A recording with its lines changed by hand, the chain left as it was; or of before there was one."""
    raw = zstandard.ZstdDecompressor().decompressobj().decompress(whole.read_bytes())
    lines = [json.loads(line) for line in raw.split(b"\n")[:-1]]
    if unchained:
        lines[0]["version"] = 2
        for line in lines:
            line.pop("h", None)
    change(lines)
    text = b"".join(json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode() + b"\n" for line in lines)
    path.write_bytes(zstandard.ZstdCompressor().compress(text))
    return path


def a_message(lines: list[dict[str, Any]]) -> None:
    lines[5]["m"] = [[0, "I never said this"]]


def a_thought(lines: list[dict[str, Any]]) -> None:
    next(line for line in lines if line.get("th"))["th"][0]["value"] = "I never thought this"


def an_agent(lines: list[dict[str, Any]]) -> None:
    lines[0]["agents"][1]["name"] = "fsm"


def a_macro_action(lines: list[dict[str, Any]]) -> None:
    next(line for line in lines[1:-1] if line.get("mac"))["mac"][0] = []


def a_result(lines: list[dict[str, Any]]) -> None:
    lines[-1]["end"]["result"]["fires"] = 77


def a_link(lines: list[dict[str, Any]]) -> None:
    del lines[9]["h"]


@pytest.mark.parametrize("change", [a_message, a_thought, an_agent, a_macro_action, a_result, a_link])
def test_whatever_is_changed_in_a_line_is_noticed(
    whole: Path, tmp_path: Path, change: Callable[[list[dict[str, Any]]], None]
) -> None:
    same = read_recording(rewritten(whole, tmp_path / "same.jsonl.zst", lambda lines: None))
    assert same.changed is None
    assert same.compare()[1] is None
    changed = read_recording(rewritten(whole, tmp_path / "changed.jsonl.zst", change))
    assert changed.changed is not None
    assert "was changed after it was recorded" in str(changed.compare()[1])


def test_recordings_of_before_the_chain_verify_for_what_they_cover(whole: Path, tmp_path: Path) -> None:
    old = read_recording(rewritten(whole, tmp_path / "old.jsonl.zst", a_message, unchained=True))
    assert (old.changed, old.cut, old.compare()[1]) == (None, None, None)

    def an_action(lines: list[dict[str, Any]]) -> None:
        lines[300]["a"] = "00" if lines[300]["a"] != "00" else "11"

    other = read_recording(rewritten(whole, tmp_path / "other.jsonl.zst", an_action, unchained=True))
    assert "differ from the recording" in str(other.compare()[1])


def test_the_chain_is_not_left_out_by_saying_an_older_version(whole: Path, tmp_path: Path) -> None:
    def older(lines: list[dict[str, Any]]) -> None:
        lines[0]["version"] = 2
        lines[5]["m"] = [[0, "I never said this"]]

    assert "was changed" in str(read_recording(rewritten(whole, tmp_path / "o.jsonl.zst", older)).compare()[1])

    def longer(lines: list[dict[str, Any]]) -> None:
        lines.append({"t": 500, "a": "00", "c": "0" * 16})

    assert "was changed" in str(read_recording(rewritten(whole, tmp_path / "l.jsonl.zst", longer)).compare()[1])


def test_settings_may_be_infinite(tmp_path: Path) -> None:
    kitchen, path = load_kitchen("cramped_room", horizon=5), tmp_path / "game.jsonl.zst"
    agents = [{"name": "fsm", "options": {"x": float("inf")}}, {"name": "fsm", "options": {"x": float("nan")}}]
    writer = RecordingWriter(path, make_header(kitchen, 1, None, agents, "both", {"hz": float("inf")}))
    play(kitchen, [make_agent("fsm"), make_agent("fsm")], 1, recorder=writer)
    recording = read_recording(path)
    assert (recording.cut, recording.compare()[1]) == (None, None)
    assert recording.header["clock"] == {"hz": float("inf")}


@pytest.mark.parametrize("line", [b"\n" * 3_000_000, b"[" + b"[]," * 6_000_000 + b"[]]\n"])
def test_many_lines_or_one_long_one_cost_little(whole: Path, tmp_path: Path, line: bytes) -> None:
    raw = zstandard.ZstdDecompressor().decompressobj().decompress(whole.read_bytes())
    path = tmp_path / "odd.jsonl.zst"
    path.write_bytes(zstandard.ZstdCompressor().compress(raw.split(b"\n")[0] + b"\n" + line))
    assert "damaged" in str(read_recording(path).cut)
    path.write_bytes(zstandard.ZstdCompressor().compress(line))
    with pytest.raises(BrigadeError, match=r"odd\.jsonl\.zst"):
        read_recording(path)


ODD_HEADERS = {
    "seed": ["x", 1.5, 10**30, None], "order_script": [5, [5]], "agents": [None, [], [5], [{"name": "fsm"}] * 9],
    "ids": ["x"], "provenance": ["x"], "kitchen": [None, []], "clock": [5], "version": [None, True, "3", 99, -1],
}  # fmt: skip


@pytest.mark.parametrize(("field", "value"), [(name, each) for name, odd in ODD_HEADERS.items() for each in odd])
def test_a_header_that_is_none_is_refused_with_its_field(
    whole: Path, tmp_path: Path, field: str, value: object
) -> None:
    def change(lines: list[dict[str, Any]]) -> None:
        lines[0][field] = value

    with pytest.raises(BrigadeError, match=rf"odd.jsonl.zst: (damaged header: {field}|version)"):
        read_recording(rewritten(whole, tmp_path / "odd.jsonl.zst", change))


@pytest.mark.parametrize(
    ("at", "line"),
    [
        (4, '{"t":1e999}'), (4, '{"t":3,"a":"00"}'), (4, "[" * 5000), (4, "[]"),
        (4, '{"t":3,"a":"0","c":"0000000000000000"}'),
        (4, '{"t":3,"a":"09","c":"0000000000000000"}'), (-1, '{"end":5}'), (-1, '{"end":{"ticks":1,"finished":true}}'),
        (-1, '{"end":{"ticks":1,"finished":true,"result":{"score":"9"}}}'), (4, '{"t":3,"a":"00","c":"zz"}'),
    ],
)  # fmt: skip
def test_a_line_that_is_none_cuts_the_recording_there(whole: Path, tmp_path: Path, at: int, line: str) -> None:
    raw = zstandard.ZstdDecompressor().decompressobj().decompress(whole.read_bytes()).split(b"\n")[:-1]
    raw[at] = line.encode()
    path = tmp_path / "odd.jsonl.zst"
    path.write_bytes(zstandard.ZstdCompressor().compress(b"\n".join(raw) + b"\n"))
    recording = read_recording(path)
    assert "damaged" in str(recording.cut)
    assert len(recording.ticks) == (3 if at == 4 else 500)
    recording.compare()


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    size = 1 << 17
    block = ((size << 3) | (1 << 1)).to_bytes(3, "little") + b"\n"
    path = tmp_path / "bomb.jsonl.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd\x00\x38" + block * (4 * (1 << 30) // size) + (1).to_bytes(3, "little"))
    with pytest.raises(BrigadeError, match=r"bomb\.jsonl\.zst: larger than 256 MiB when unpacked"):
        read_recording(path)

"""Recordings as Parquet tables.

`export` writes two tables. `episodes.parquet`, one row per recording:

| column | type | meaning |
|---|---|---|
| `recording` | string | path of the file within the folder, its key in both tables |
| `kitchen`, `kitchen_digest` | string | where, and which version of it exactly |
| `seed` | int64 | of the episode |
| `ticks` | int32 | whole ticks in the file |
| `finished` | bool | whether it was played to its end |
| `cut` | string | why the file ends before the episode does; null when it is whole |
| `score`, `gained`, `served`, `missed`, `wrong`, `fires`, `put_out` | int32 | totals at the end; null when cut |
| `agents` | list of string | name of the agent in each seat |
| `human` | list of bool | whether a person plays, in each seat |
| `contribution` | list of double | share of each chef of the interactions in dishes that were paid for |
| `messages` | string | who could send messages |
| `brigade`, `revision` | string | what wrote it |
| `ids` | string | JSON: what the episode belongs to, such as study, participant, block, partner |

`ticks.parquet`, one row per tick:

| column | type | meaning |
|---|---|---|
| `recording` | string | as above |
| `tick` | int32 | from 0 |
| `actions` | list of int8 | of each chef: 0 stay, 1 left, 2 right, 3 down, 4 up, 5 interact |
| `score` | int32 | after the tick, as the engine plays it |
| `x`, `y` | list of int16 | cell of each chef before the tick |
| `late_ms` | double | how late the tick came; null on a clock that does not run in wall time |
| `messages` | string | JSON: [seat, text] of what was said; null when nothing was |
| `thoughts` | string | JSON: thoughts that took effect; null when none did |
| `check` | string | fingerprint of the state after it |
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brigade.dual_process.old_names import agent_now, thoughts_now
from brigade.envs.disk import writing
from brigade.envs.kitchen.engine.state import STAT_NAMES
from brigade.envs.registry import BrigadeError
from brigade.simulation.recording import Recording, read_recording, recordings_in

EPISODES, TICKS = "episodes.parquet", "ticks.parquet"
EXTRA = "this needs the package pyarrow; install it with: pip install 'brigade[study]'"


@dataclass(frozen=True)
class Exported:
    """What was exported.

    Attributes:
        recordings: how many were.
        ticks: of all of them.
        cut: how many of them end before their episode does.
        left_out: files that could not be exported, each with the reason.
    """

    recordings: int
    ticks: int
    cut: int
    left_out: tuple[str, ...]


def export(folder: str | Path, out: str | Path) -> Exported:
    """Write the recordings of a folder as two Parquet tables; those that do not replay are left out and named.

    Raises:
        BrigadeError: no recordings, pyarrow is not installed, or the tables cannot be written.
    """
    try:
        import pyarrow  # type: ignore[import-untyped]
        from pyarrow import parquet
    except ImportError:
        raise BrigadeError(EXTRA) from None
    folder, out = Path(folder), Path(out)
    paths = recordings_in(folder)
    episodes, left_out, ticks, cut = [], [], 0, 0
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        with parquet.ParquetWriter(out / TICKS, _tick_schema(pyarrow)) as writer:
            for path in paths:
                name = path.relative_to(folder).as_posix()
                try:
                    recording = read_recording(path)
                    rows = _tick_rows(recording, name)
                except BrigadeError as error:
                    left_out.append(str(error))
                    continue
                episodes.append(_episode_row(recording, name))
                writer.write_table(pyarrow.Table.from_pylist(rows, _tick_schema(pyarrow)))
                ticks += len(rows)
                cut += recording.cut is not None
        parquet.write_table(pyarrow.Table.from_pylist(episodes, _episode_schema(pyarrow)), out / EPISODES)
    return Exported(len(episodes), ticks, cut, tuple(left_out))


def _tick_schema(arrow: Any) -> Any:
    return arrow.schema([
        ("recording", arrow.string()), ("tick", arrow.int32()), ("actions", arrow.list_(arrow.int8())),
        ("score", arrow.int32()), ("x", arrow.list_(arrow.int16())), ("y", arrow.list_(arrow.int16())),
        ("late_ms", arrow.float64()), ("messages", arrow.string()), ("thoughts", arrow.string()),
        ("check", arrow.string()),
    ])  # fmt: skip


def _episode_schema(arrow: Any) -> Any:
    return arrow.schema([
        *((name, arrow.string()) for name in ("recording", "kitchen", "kitchen_digest")), ("seed", arrow.int64()),
        ("ticks", arrow.int32()), ("finished", arrow.bool_()), ("cut", arrow.string()),
        *((name, arrow.int32()) for name in ("score", *STAT_NAMES)), ("agents", arrow.list_(arrow.string())),
        ("human", arrow.list_(arrow.bool_())), ("contribution", arrow.list_(arrow.float64())),
        *((name, arrow.string()) for name in ("messages", "brigade", "revision", "ids")),
    ])  # fmt: skip


def _episode_row(recording: Recording, name: str) -> dict[str, Any]:
    header, end = recording.header, recording.end or {}
    result = end.get("result", {})
    return {
        "recording": name,
        "kitchen": recording.kitchen.name,
        "kitchen_digest": header["kitchen_digest"],
        "seed": header["seed"],
        "ticks": len(recording.ticks),
        "finished": bool(end.get("finished")),
        "cut": recording.cut,
        **{key: _count(result.get(key)) for key in ("score", *STAT_NAMES)},
        "agents": _names(recording),
        "human": [bool(agent.get("human")) for agent in header["agents"]],
        "contribution": result.get("contribution_rate"),
        "messages": header["messages"],
        **{key: _text(header["provenance"].get(key)) for key in ("brigade", "revision")},
        "ids": json.dumps(header["ids"], ensure_ascii=False, sort_keys=True),
    }


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and abs(value) < 1 << 31 else None


def _names(recording: Recording) -> list[str]:
    """The agents as they are called now, by seat."""
    return [agent_now(str(agent["name"]), recording.header["version"]) for agent in recording.header["agents"]]


def _tick_rows(recording: Recording, name: str) -> list[dict[str, Any]]:
    """One row a tick; the engine fills in scores and places.

    Raises:
        BrigadeError: it does not replay.
    """
    difference = recording.first_difference()
    if difference is not None:
        raise BrigadeError(f"{recording.path}: does not replay: {difference}")
    kitchen, rows = recording.kitchen, []
    names = _names(recording)
    cells = [kitchen.cell(at) for at in recording.start().state.pos[0].tolist()]
    for line, game in zip(recording.ticks, recording.play_again(), strict=True):
        thoughts, said = thoughts_now(line.thoughts, names), [(each.seat, each.text) for each in line.messages]
        rows.append({
            "recording": name, "tick": line.tick, "actions": list(line.actions), "score": int(game.state.score[0]),
            "x": [x for x, _ in cells], "y": [y for _, y in cells], "late_ms": line.late_ms,
            "messages": json.dumps(said, ensure_ascii=False) if said else None,
            "thoughts": json.dumps(thoughts, ensure_ascii=False) if thoughts else None, "check": line.check,
        })  # fmt: skip
        cells = [kitchen.cell(at) for at in game.state.pos[0].tolist()]
    return rows

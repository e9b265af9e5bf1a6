"""Import of Overcooked-AI's human trials: tables in their form, agreeing or not, and pickles that are no tables."""

from __future__ import annotations

import contextlib
import csv
import gzip
import json
import lzma
import os
import pickle
import resource
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from brigade.agents.base import make_agent
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.registry import BrigadeError
from brigade.human_play.cli_data import recordings
from brigade.human_play.data.foreign_tables import read_rows
from brigade.human_play.data.overcooked_ai import import_trials, left_out, read_trials, terrain_of
from brigade.simulation.episode import play
from brigade.simulation.recording import read_recording

MOVES: list[Any] = [[0, 0], [-1, 0], [1, 0], [0, 1], [0, -1], "INTERACT"]  # by our numbers of actions
WORDS = {"stay": 0, "left": 1, "right": 2, "down": 3, "up": 4, "interact": 5}
REFERENCE = Path(__file__).parents[3] / "shared" / "reference"
PUBLISHED = sorted(REFERENCE.glob("classic_*_old_dynamics.jsonl.gz"))
SPOKEN = {"forced_coordination": "random0", "counter_circuit": "random3"}  # names in the tables of 2019
Rows = list[dict[str, Any]]


def rows_of_game(kitchen_name: str, trial: str, ticks: int = 150, old: bool = True, swap: bool = False) -> Rows:
    """A game of two state machines as a table has it."""
    kitchen = load_kitchen(kitchen_name, ticks, old)
    rows: Rows = []
    terrain = json.dumps([list(row) for row in terrain_of(kitchen)])

    def watch(game: Any, observation: dict[str, Any], actions: Any) -> None:
        score, before = int(game.state.score[0]), observation["score"]
        seats = (1, 0) if swap else (0, 1)
        chefs = [{"position": list(observation["chefs"][seat]["at"]), "orientation": [0, -1], "held_object": None}
                 for seat in seats]  # fmt: skip
        rows.append({
            "state": json.dumps({"players": chefs, "objects": [], "order_list": None}),
            "joint_action": json.dumps([MOVES[actions[seat]] for seat in seats]),
            "reward": score - before, "time_left": 60.0 - len(rows) * 0.15, "score": score,
            "time_elapsed": len(rows) * 0.15, "cur_gameloop": len(rows), "layout": terrain,
            "layout_name": SPOKEN.get(kitchen_name, kitchen_name), "trial_id": trial, "player_0_id": "10",
            "player_1_id": "11", "player_0_is_human": True, "player_1_is_human": False,
        })  # fmt: skip

    play(kitchen, [make_agent("fsm"), make_agent("fsm")], watch=watch)
    return rows


def to_csv(rows: Rows, path: Path, index: bool = True) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*(["Unnamed: 0"] if index else []), *rows[0]])
        writer.writerows([*([i] if index else []), *row.values()] for i, row in enumerate(rows))
    return path


class Stand:
    """Pickles as a call of `make` would: how pandas writes its objects."""

    def __init__(self, make: Any, *args: Any):
        self._reduced = (make, args)

    def __reduce__(self) -> Any:
        return self._reduced


def fake_pandas(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Pandas' names, so that a pickle can be made with them; pandas itself is not needed."""
    made: dict[str, Any] = {}
    for module, name in (("pandas.core.frame", "DataFrame"), ("pandas.core.internals.managers", "BlockManager"),
                         ("pandas._libs.internals", "_unpickle_block"), ("pandas.core.indexes.base", "_new_Index"),
                         ("pandas.core.indexes.base", "Index")):  # fmt: skip
        for parent in [module.rsplit(".", n)[0] for n in range(module.count("."), -1, -1)]:
            if parent not in sys.modules or not hasattr(sys.modules[parent], "made_up"):
                fake = types.ModuleType(parent)
                fake.made_up = True  # type: ignore[attr-defined]
                monkeypatch.setitem(sys.modules, parent, fake)
        kind = type(name, (), {"__module__": module})
        setattr(sys.modules[module], name, kind)
        made[name] = kind
    return made


def to_pickle(rows: Rows, path: Path, monkeypatch: pytest.MonkeyPatch, era: str, protocol: int) -> Path:
    """As `DataFrame.to_pickle` writes it: `old` up to pandas 1.2, `new` since."""
    with monkeypatch.context() as patched:
        pandas = fake_pandas(patched)
        names = list(rows[0])

        def kind(name: str) -> Any:
            sort = np.asarray([row[name] for row in rows]).dtype
            return sort if sort.kind in "bif" else np.dtype(object)

        def index(values: list[Any], sort: Any = object) -> Stand:
            data = np.array(values, sort)
            return Stand(pandas["_new_Index"], pandas["Index"], {"data": data, "name": None})

        blocks = []
        for sort in dict.fromkeys(kind(name) for name in names):
            mine = [name for name in names if kind(name) == sort]
            values = np.array([[row[name] for row in rows] for name in mine], sort)
            places = np.array([names.index(name) for name in mine], np.int64)
            blocks.append((values, slice(int(places[0]), int(places[0]) + 1, 1) if len(mine) == 1 else places))
        axes = [index(names), index(list(range(len(rows))), np.int64)]
        manager: Any = Stand(
            pandas["BlockManager"], tuple(Stand(pandas["_unpickle_block"], *block, 2) for block in blocks), axes
        )
        if era == "old":
            manager = pandas["BlockManager"]()
            whole = {"axes": axes, "blocks": [{"values": values, "mgr_locs": places} for values, places in blocks]}
            pandas["BlockManager"].__getstate__ = lambda self: (axes, [], [], {"0.14.1": whole})
        frame = pandas["DataFrame"]()
        frame.__dict__ = {"_data" if era == "old" else "_mgr": manager, "_typ": "dataframe", "_metadata": []}
        path.write_bytes(pickle.dumps(frame, protocol))
    return path


@pytest.fixture(scope="module")
def rows() -> Rows:
    return [*rows_of_game("cramped_room", "7"), *rows_of_game("forced_coordination", "8"),
            *rows_of_game("asymmetric_advantages", "9", old=False, swap=True)]  # fmt: skip


def check(path: Path, out: Path) -> None:
    results = import_trials(path, out)
    assert [result.kitchen for result in results] == ["cramped_room", "forced_coordination", "asymmetric_advantages"]
    assert [(result.differs_at, result.moved_at, result.missing) for result in results] == [(None, None, 0)] * 3
    assert [result.ours for result in results] == [result.theirs for result in results]
    assert results[0].old_dynamics
    assert all(result.ours > 0 for result in results[:1])
    for result in results:
        assert result.recording is not None
        recording = read_recording(result.recording)
        assert recording.cut is None
        assert recording.first_difference() is None
        assert len(recording.ticks) == result.ticks == 150
        assert recording.header["ids"]["trial"] == result.trial
    swapped = read_recording(results[2].recording or "").header["agents"]
    assert [agent["human"] for agent in swapped] == [False, True]


def test_a_csv_table_is_imported_and_agrees(rows: Rows, tmp_path: Path) -> None:
    check(to_csv(rows, tmp_path / "trials.csv"), tmp_path / "out")


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("era", ["old", "new"])
def test_a_pickled_table_is_imported_and_agrees(
    rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, era: str, protocol: int
) -> None:
    path = to_pickle(rows, tmp_path / "trials.pickle", monkeypatch, era, protocol)
    assert list(read_rows(path)) == rows
    if protocol == 4:
        check(path, tmp_path / "out")


def test_real_pandas_pickles_are_read(rows: Rows, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    path = tmp_path / "trials.pickle"
    columns = pandas.Index(list(rows[0]), dtype=object)  # text as objects, as when the tables were made
    pandas.DataFrame([list(row.values()) for row in rows], columns=columns, dtype=object).to_pickle(path)
    assert [row["joint_action"] for row in read_rows(path)] == [row["joint_action"] for row in rows]


@pytest.mark.skipif(not PUBLISHED, reason=f"no recordings of the published game in {REFERENCE}")
@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.name.removesuffix(".jsonl.gz"))
def test_games_of_the_published_engine_agree(path: Path, tmp_path: Path) -> None:
    """Tables made of what the published game itself recorded: its states, actions and rewards."""
    rows: Rows = []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for number, text in enumerate(file):
            game = json.loads(text)
            players = game["initial"]["players"]
            for step in game["steps"]:
                rows.append({
                    "state": json.dumps({"players": [{"position": player[:2]} for player in players],
                                         "all_orders": game["orders"]}),
                    "joint_action": repr([MOVES[WORDS[word]] for word in step["actions"]]).replace('INTER', 'inter'),
                    "reward": sum(step["sparse"]), "layout": json.dumps([list(row) for row in game["grid"]]),
                    "layout_name": game["layout"], "trial_id": number, "cur_gameloop": step["t"],
                })  # fmt: skip
                players = step["players"]
    results = import_trials(to_csv(rows, tmp_path / "trials.csv"), tmp_path / "out")
    assert results
    assert [(result.left_out, result.differs_at, result.moved_at) for result in results] == [("", None, None)] * len(
        results
    )
    assert any(result.ours > 0 for result in results)


def test_a_score_that_is_not_ours_is_reported_with_its_tick(rows: Rows, tmp_path: Path) -> None:
    changed = [dict(row) for row in rows[:150]]
    changed[100]["reward"] += 20
    (result,) = import_trials(to_csv(changed, tmp_path / "trials.csv"), tmp_path / "out")
    assert result.differs_at == 100
    assert result.theirs == result.ours + 20
    assert "first differs at tick 100" in result.verdict
    del changed[60:62]
    (gap,) = import_trials(to_csv(changed, tmp_path / "gap.csv"), tmp_path / "gap")
    assert "the table leaves out 2 ticks" in gap.verdict


def test_what_we_do_not_have_is_counted_and_named(rows: Rows, tmp_path: Path) -> None:
    other = [{**row, "layout_name": "you_shall_not_pass", "trial_id": f"x{i % 2}"} for i, row in enumerate(rows[:10])]
    mapped = [{**row, "layout": row["layout"].replace("P", "X"), "trial_id": "map"} for row in rows[:5]]
    orders = json.loads(rows[0]["state"]) | {"all_orders": [{"ingredients": ["tomato"]}]}
    tomato = [{**row, "state": json.dumps(orders), "trial_id": "tomato"} for row in rows[:5]]
    late = [{**row, "trial_id": "late"} for row in rows[20:30]]
    cut = [{**row, "state": rows[0]["state"], "trial_id": "cut"} for row in rows[20:30]]  # where chefs begin, by chance
    wall = json.loads(rows[0]["state"])
    wall["players"][0]["position"] = [0, 0]
    inside = [{**row, "state": json.dumps(wall), "trial_id": "wall"} for row in rows[:5]]
    whole = [{**row, "trial_id": "whole"} for row in rows[:5]]
    every = [*other, *mapped, *tomato, *late, *cut, *inside]
    results = import_trials(to_csv([*every, *whole], tmp_path / "t.csv"), tmp_path / "out")
    assert dict(left_out(results)) == {
        ("you_shall_not_pass", "no kitchen here has the layout 'you_shall_not_pass'"): 2,
        ("cramped_room", "its map is not that of our kitchen 'cramped_room'"): 1,
        ("cramped_room", "other things than onion soup are ordered"): 1,
        ("cramped_room", "it does not begin where a game begins"): 2,
        ("cramped_room", "it begins where nobody can stand"): 1,
    }
    assert [result.trial for result in results if not result.left_out] == ["whole"]


def test_nothing_imported_is_an_error(rows: Rows, tmp_path: Path) -> None:
    other = [{**row, "layout_name": "you_shall_not_pass"} for row in rows[:10]]
    path = to_csv(other, tmp_path / "t.csv")
    with pytest.raises(BrigadeError, match="none of its 1 trials can be played here: layout 'you_shall_not_pass': no"):
        import_trials(path, tmp_path / "out")
    told = CliRunner().invoke(recordings, ["import-overcooked-ai", str(path), "--out", str(tmp_path / "out")])
    assert told.exit_code != 0


@pytest.mark.parametrize("ending", ["csv", "pickle"])
def test_the_oldest_form_of_the_tables(ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Games are told by who played, in which layout and run; a soup was 5 points; one room began elsewhere."""
    rows: Rows = []
    for worker, name, run in (
        (7, "cramped_room", "run-1"),
        (7, "cramped_room", "run-2"),
        (8, "counter_circuit", "a,b"),
    ):
        for row in rows_of_game(name, "x", 300):
            state = json.loads(row["state"])
            old = {key: value for key, value in row.items() if not key.startswith(("trial", "player"))}
            rows.append({
                **old, "state": repr(state), "layout": repr(["".join(line) for line in json.loads(row["layout"])]),
                "workerid_num": worker, "run": run, "reward": row["reward"] / 4, "score": row["score"] / 4,
            })  # fmt: skip
    if ending == "csv":
        path = to_csv(rows, tmp_path / "old.csv")
    else:
        path = to_pickle(rows, tmp_path / "old.pickle", monkeypatch, "old", 4)
    results = import_trials(path, tmp_path / "out")
    assert [(one.trial, one.differs_at, one.moved_at) for one in results] == [(n, None, None) for n in ("1", "2", "3")]
    assert all(one.ours > 0 and one.theirs == one.ours for one in results)
    for one in results:
        assert one.recording is not None
        header = json.dumps(read_recording(one.recording).header)
        assert "workerid" not in header
        assert '"id"' not in header, "who played stays in the table"


def test_a_game_that_began_elsewhere_is_played_from_there(rows: Rows, tmp_path: Path) -> None:
    kitchen = load_kitchen("cramped_room")
    free = [kitchen.cell(cell) for cell, tile in enumerate(kitchen.tile_names) if tile == "floor"]
    elsewhere = next(list(cell) for cell in free if cell not in kitchen.starts)
    state = json.loads(rows[0]["state"])
    state["players"][1]["position"] = elsewhere
    still = [{**row, "state": json.dumps(state), "joint_action": "[[0, 0], [0, 0]]", "reward": 0} for row in rows[:20]]
    (one,) = import_trials(to_csv(still, tmp_path / "t.csv"), tmp_path / "out")
    assert (one.left_out, one.differs_at, one.moved_at) == ("", None, None)
    assert one.recording is not None
    recording = read_recording(one.recording)
    assert list(recording.kitchen.starts[1]) == elsewhere
    assert recording.compare()[1] is None
    jumped = [dict(row) for row in still]
    jumped[10]["state"] = rows[0]["state"]
    (one,) = import_trials(to_csv(jumped, tmp_path / "j.csv"), tmp_path / "jumped")
    assert one.moved_at == 10, "a chef that jumps in the table is said"


HUMANS = REFERENCE / "human_2019"


@pytest.mark.outer
@pytest.mark.skipif(not HUMANS.exists(), reason="the published games are not here")
@pytest.mark.parametrize(("name", "games"), [("clean_train_trials", 39), ("dummy_2019_hh_trials_all", 3)])
def test_published_games_of_people_agree_at_every_tick(name: str, games: int, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.pickle"
    path.write_bytes(lzma.decompress((HUMANS / f"{name}.pickle.xz").read_bytes()))
    results = import_trials(path, tmp_path / "out")
    assert len(results) == games
    assert [(one.left_out, one.differs_at, one.moved_at) for one in results] == [("", None, None)] * games


@pytest.mark.skipif(not (REFERENCE / "human_2020").exists(), reason="the published games are not here")
def test_what_of_the_games_of_2020_cannot_be_played_is_named(tmp_path: Path) -> None:
    path = tmp_path / "three.csv"
    path.write_bytes(lzma.decompress((REFERENCE / "human_2020" / "three_games.csv.xz").read_bytes()))
    with pytest.raises(BrigadeError) as told:
        import_trials(path, tmp_path / "out")
    for layout in ("you_shall_not_pass", "inverse_marshmallow_experiment", "counter_circuit"):
        assert f"layout '{layout}': " in str(told.value)


def test_the_command_prints_every_trial_and_the_sum(rows: Rows, tmp_path: Path) -> None:
    other = [{**row, "layout_name": "soup_coordination", "trial_id": "x"} for row in rows[:3]]
    path = to_csv([*rows[:150], *other], tmp_path / "trials.csv")
    told = CliRunner().invoke(recordings, ["import-overcooked-ai", str(path), "--out", str(tmp_path / "out")])
    assert told.exit_code == 0, told.output
    assert "7 (cramped_room): score" in told.output
    assert "left out: 1 trials of layout 'soup_coordination'" in told.output
    assert "1 of 2 trials are recorded" in told.output


def test_a_pickle_that_would_run_something_is_refused(
    rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, ran = tmp_path / "bad.pickle", tmp_path / "ran"
    for wicked in (
        Stand(os.mkdir, str(ran)),
        [Stand(os.mkdir, str(ran))],
        Stand(eval, "1"),
        Stand(getattr, "x", "upper"),
    ):
        path.write_bytes(pickle.dumps(wicked))
        with pytest.raises(BrigadeError, match=r"the pickle asks for .*, which a table of trials does not need"):
            read_trials(path)
    hidden = [{**row, "score": Stand(os.mkdir, str(ran))} for row in rows[:3]]
    to_pickle(hidden, path, monkeypatch, "new", 4)
    with pytest.raises(BrigadeError, match=r"asks for posix\.mkdir|asks for nt\.mkdir"):
        read_trials(path)
    assert not ran.exists()
    pickle.loads(pickle.dumps(Stand(os.mkdir, str(ran))))
    assert ran.exists()  # so it would have


@pytest.mark.parametrize("number", [540_680_819, 2**31 - 1])
def test_a_pickle_that_would_take_all_memory_is_refused(number: int, tmp_path: Path) -> None:
    path = tmp_path / "bomb.pickle"
    path.write_bytes(b"\x80\x04]r" + number.to_bytes(4, "little") + b".")
    with pytest.raises(BrigadeError, match="not a pickled table that can be read here"):
        list(read_rows(path))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 4 << 20, "kilobytes; it would be twelve gigabytes"


def test_damaged_files_are_refused_with_a_sentence(rows: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = to_pickle(rows[:20], tmp_path / "whole.pickle", monkeypatch, "new", 4).read_bytes()
    path = tmp_path / "bad.pickle"
    random = np.random.default_rng(0)
    for _ in range(300):
        data = bytearray(whole[: random.integers(2, len(whole))] if random.random() < 0.3 else whole)
        for _ in range(int(random.integers(0, 4))):
            data[random.integers(1, len(data))] = random.integers(256)
        path.write_bytes(data)
        with contextlib.suppress(BrigadeError):  # and nothing else
            read_trials(path)
    path.write_bytes(pickle.dumps([1, 2], 4))
    with pytest.raises(BrigadeError, match="holds no DataFrame"):
        read_trials(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"joint_action": "[[0, 0]]"}, "row 1: damaged"),
        ({"joint_action": "[[0, 7], [0, 0]]"}, "row 1: damaged"),
        ({"joint_action": "__import__('os')"}, "row 1: damaged"),
        ({"state": '{"players": 3}'}, "row 1: damaged"),
        ({"reward": "many"}, "row 1: damaged"),
    ],
)
def test_damaged_rows_are_refused_with_their_number(
    rows: Rows, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    path = to_csv([{**rows[0], **change}], tmp_path / "t.csv")
    with pytest.raises(BrigadeError, match=message):
        read_trials(path)


def test_other_tables_are_refused(rows: Rows, tmp_path: Path) -> None:
    misnamed = [{("trail_id" if key == "trial_id" else key): value for key, value in rows[0].items()}]
    with pytest.raises(BrigadeError, match="no column 'trial_id'; did you mean 'trail_id'"):
        read_trials(to_csv(misnamed, tmp_path / "t.csv"))
    oldest = [{"workerid_num": 1, "layout_name": "simple", "joint_action": "[[0, 0], [0, 0]]"}]  # and no run
    with pytest.raises(BrigadeError, match="no column 'trial_id'"):
        read_trials(to_csv(oldest, tmp_path / "o.csv"))
    (tmp_path / "empty.csv").write_text("", encoding="utf-8")
    with pytest.raises(BrigadeError, match="no rows"):
        read_trials(tmp_path / "empty.csv")
    with pytest.raises(BrigadeError, match="cannot be read"):
        read_trials(tmp_path / "none.csv")


def test_a_text_with_commas_is_no_table(tmp_path):
    path = tmp_path / "prose.csv"
    path.write_text("one line\nand another, with commas, in it\n")
    with pytest.raises(BrigadeError, match="not a table of Overcooked-AI trials"):
        import_trials(path, tmp_path / "out")

"""Many rooms in one batch: each is what it is by itself, and which comes when depends on seeds alone."""

from __future__ import annotations

import copy
import hashlib
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from brigade.envs import kitchen_v0
from brigade.envs.kitchen.content.generate import Recipe, draw, name_of
from brigade.envs.kitchen.content.layout import enlarge, with_horizon
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.engine.compiled import COMPILED
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.engine.handle import Handle
from brigade.envs.kitchen.engine.room_list import RoomList
from brigade.envs.kitchen.engine.tick import LOOKING, new_joint, read_joint
from brigade.envs.kitchen.interfaces import batch
from brigade.envs.kitchen.interfaces.room_choice import GeneratorSpec, make_rooms
from brigade.envs.kitchen.interfaces.room_supply import RoomSupply
from brigade.envs.kitchen.observations.observe import NamedNumbers, make_observer
from brigade.envs.registry import BrigadeError

SOUPS = ["cramped_room", "coordination_ring", "forced_coordination", "asymmetric_advantages"]
SIZES = {"generator": {"width": [7, 9, 10], "height": [6, 7], "style": ["open", "divided"], "horizon": 30}, "pool": 6}


def busy(random: np.random.Generator, count: int, chefs: int) -> NDArray[np.int64]:
    """Random actions, many of which interact."""
    return random.choice(6, (count, chefs), p=np.array([1, 2, 2, 2, 2, 5]) / 14)


@pytest.mark.parametrize("observation", ["features", "planes", "symbolic"])
@pytest.mark.parametrize(
    "names",
    [
        SOUPS,
        [name_of(Recipe(seed=seed, width=5 + seed, height=9 - seed, chefs=3, horizon=60)) for seed in (1, 2, 3)],
        [f"generated:seed={seed},cookbook=salads,style=divided,horizon=50" for seed in (1, 2)],
    ],
)
def test_a_room_among_others_is_what_it_is_by_itself(names: list[str], observation: str) -> None:
    together = kitchen_v0.vector_env(kitchens=names, num_envs=len(names), observation=observation, horizon=70)
    alone = [kitchen_v0.parallel_env(kitchen=name, observation=observation, horizon=70) for name in names]
    seen, _ = together.reset(seed=11)
    own = [env.reset(seed=11 + k)[0] for k, env in enumerate(alone)]
    width, height = together.kitchen.width, together.kitchen.height
    random = np.random.default_rng(0)
    for tick in range(150):
        for k, env in enumerate(alone):
            for seat, agent in enumerate(env.possible_agents):
                if observation == "planes":
                    tiles = len(env.kitchen.cookbook.tiles)
                    columns, rows = env.kitchen.room
                    outside = np.full((height, width), 255, np.uint8)
                    outside[:rows, :columns] = 0
                    assert np.array_equal(seen[k, seat, tiles], outside)
                    inside = np.delete(seen[k, seat], tiles, axis=0)[:, :rows, :columns]
                    assert np.array_equal(inside, own[k][agent]), (tick, k)
                    unbounded = env.observer.parts[-1].first - 2 * len(env.kitchen.cookbook.orderable)
                    assert not np.delete(seen[k, seat], tiles, axis=0)[:unbounded, rows:].any()
                else:
                    assert np.array_equal(seen[k, seat], own[k][agent]), (tick, k)
            assert together.game.describe(k) == env.describe()
        actions = busy(random, len(names), together.kitchen.chefs)
        seen, rewards, _, over, info = together.step(actions)
        for k, env in enumerate(alone):
            joint = dict(zip(env.possible_agents, actions[k].tolist(), strict=True))
            own[k], earned, _, ended, infos = env.step(joint)
            first = env.possible_agents[0]
            assert (earned[first], ended[first]) == (rewards[k], over[k])
            assert [each["shaped_reward"] for each in infos.values()] == info["shaped_reward"][k].tolist()
            if over[k]:
                assert info["final_info"]["score"][k] == infos[first]["score"]
                own[k], _ = env.reset()


def played(env: Any, ticks: int, seed: int = 0) -> str:
    """A digest of all that is seen, earned and told in some ticks of random play."""
    digest, random = hashlib.sha256(), np.random.default_rng(seed)
    for _ in range(ticks):
        seen, rewards, _, over, info = env.step(busy(random, env.num_envs, env.kitchen.chefs))
        for part in (seen, rewards, over, info["room"], info["score"]):
            digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()


def test_which_room_comes_when_depends_on_the_seed_and_the_episode() -> None:
    env = kitchen_v0.vector_env(kitchens=SIZES, num_envs=40, observation="none")
    rooms = [env.reset(seed=3)[1]["room"]]
    for _ in range(3):
        for _ in range(30):
            info = env.step(np.zeros((40, 2), int))[4]
        rooms.append(info["room"])
    assert len({tuple(room.tolist()) for room in rooms}) == 4
    assert {int(room) for room in np.concatenate(rooms)} == set(range(6))  # no room is left out
    other = kitchen_v0.vector_env(kitchens=SIZES, num_envs=20, observation="none")
    assert np.array_equal(other.reset(seed=13)[1]["room"], rooms[0][10:30])
    assert np.array_equal(other.reset()[1]["room"], rooms[1][10:30])
    kept = kitchen_v0.vector_env(kitchens={**SIZES, "resample": "never"}, num_envs=8, observation="none")
    assert kept.reset(seed=3)[1]["room"].tolist() == [0, 1, 2, 3, 4, 5, 0, 1] == kept.reset()[1]["room"].tolist()


PLAYED = """
import numpy as np
from tests_of_rooms import SIZES, kitchen_v0, played
env = kitchen_v0.vector_env(kitchens=SIZES | {"refill": 7}, num_envs=12, observation="features")
env.reset(seed=5)
print(played(env, 200), [kitchen.source for kitchen in env.rooms])
env.close()
"""


def in_another_process(hash_seed: str, **environment: str) -> str:
    """What such a process prints."""
    program = f"import sys; sys.path.insert(0, {os.path.dirname(__file__)!r})\n" + PLAYED.replace(
        "tests_of_rooms", "test_rooms"
    )
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], env=os.environ | {"PYTHONHASHSEED": hash_seed} | environment,
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


def test_processes_agree_on_everything_and_so_does_plain_python() -> None:
    first = in_another_process("1")
    assert first.count("generated:") == 6
    assert first == in_another_process("2") == in_another_process("3", NUMBA_DISABLE_JIT="1")


def test_new_rooms_come_in_when_nobody_is_in_the_old_ones() -> None:
    env = kitchen_v0.vector_env(kitchens={**SIZES, "refill": 5}, num_envs=9, observation="features")
    env.reset(seed=0)
    random, before, changed = np.random.default_rng(0), env.rooms, 0
    for _ in range(300):
        rooms = env.game.room
        _, _, _, over, _ = env.step(busy(random, 9, 2))
        now = env.rooms
        for r, (old, new) in enumerate(zip(before, now, strict=True)):
            if old is not new:
                changed += 1
                assert r not in rooms[~over]
                assert new.source == name_of(GeneratorSpec(**SIZES["generator"]).recipe(5 + changed))
        before = now
    assert changed >= 10
    twins = copy.deepcopy(env), pickle.loads(pickle.dumps(env))
    digests = {played(each, 120) for each in (env, *twins)}
    assert len(digests) == 1
    for each in (env, *twins):
        each.close()


def test_kitchens_at_reset() -> None:
    env = kitchen_v0.vector_env(kitchens=SOUPS[:2], num_envs=3, observation="features", horizon=20)
    assert env.reset(seed=0)[1]["room"].tolist() == [0, 1, 0]
    assert env.reset(options={"kitchen": SOUPS[1]})[1]["room"].tolist() == [1, 1, 1]
    mask = np.array([False, True, False])
    info = env.reset(options={"kitchen": "forced_coordination", "reset_mask": mask})[1]
    assert info["room"].tolist() == [1, 2, 1]
    assert env.rooms[2].name == "forced_coordination"
    assert env.game.kitchen_of(1).name == "forced_coordination"
    drawn = kitchen_v0.vector_env(kitchens={"names": SOUPS[:2], "size": [9, 6]}, num_envs=64, observation="planes")
    assert set(drawn.reset(seed=0)[1]["room"].tolist()) == {0, 1}
    asked = drawn.reset(options={"kitchen": "asymmetric_advantages"})[1]["room"]
    assert set(asked.tolist()) == {2}
    assert set(drawn.reset()[1]["room"].tolist()) == {0, 1}  # what was asked for was for those episodes

    one = kitchen_v0.solo_env(kitchen="cramped_room", partners="fsm", observation="planes", size=(9, 5))
    first, _ = one.reset(seed=0)
    other, _ = one.reset(seed=0, options={"kitchen": "asymmetric_advantages"})
    assert one.observation_space.contains(other)
    assert not np.array_equal(first, other)
    assert one.kitchen.name == "asymmetric_advantages"
    assert one.render() is None
    for _ in range(60):
        one.step(0)
    assert one.world.describe()["chefs"][1]["at"] != load_kitchen("asymmetric_advantages").starts[1]  # it works there


def test_partners_cook_in_many_rooms() -> None:
    env = kitchen_v0.solo_vector_env(kitchens=SOUPS, num_envs=8, partners="fsm", observation="features", horizon=90)
    env.reset(seed=0)
    starts = [env.game.kitchen_of(k).starts[1] for k in range(8)]
    for _ in range(40):
        env.step(np.zeros(8, int))
    assert all(env.game.describe(k)["chefs"][1]["at"] != starts[k] for k in range(8))
    alone = kitchen_v0.solo_env(kitchen=SOUPS[2], partners="fsm", observation="features", horizon=90)
    alone.reset(seed=2)
    for _ in range(40):
        alone.step(0)
    assert alone.world.describe() == env.game.describe(2)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"kitchens": ["cramped_room", "new_counter_circuit"]}, "cookbook differs .soups, burgers."),
        ({"kitchens": ["cramped_room", "generated:cookbook=soups,chefs=3"]}, "number of chefs differs .2, 3."),
        ({"kitchens": SOUPS, "size": (8, 5)}, "'asymmetric_advantages' has 9 x 5 cells, more than 8 x 5"),
        ({"kitchens": SOUPS, "size": (8,)}, "size: expected columns and rows"),
        ({"kitchens": []}, "expected a list of rooms"),
        ({"kitchens": "cramped_room"}, "expected a list of rooms"),
        ({"kitchens": [3]}, "expected names of kitchens"),
        ({"kitchens": SOUPS, "kitchen": "cramped_room"}, "not both"),
        ({"kitchens": {}}, "expected either names of rooms, or a generator"),
        ({"kitchens": {"generator": {}, "pool": 0}}, "pool: .* greater than or equal to 1"),
        ({"kitchens": {"generator": {}, "pool": 1, "refill": 10}}, "a pool of at least 2"),
        ({"kitchens": {"names": SOUPS, "refill": 10}}, "refill needs a generator"),
        ({"kitchens": {"generator": {"width": 5, "height": 5, "stations": 8}}}, "no solvable open kitchen of 5 x 5"),
        ({"kitchens": {"generator": {"width": []}}}, "width: expected at least one"),
        ({"kitchens": {"generator": {"wdth": 9}}}, "did you mean 'width'"),
        ({"kitchens": {"generator": {"width": 3}}}, "width must be 5 to 40"),
        ({"kitchens": {"generator": {"cookbook": "no_such"}}}, "no_such"),
    ],
)
def test_rooms_that_cannot_be(arguments: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BrigadeError, match=complaint):
        kitchen_v0.vector_env(num_envs=2, **arguments)


@pytest.mark.parametrize(
    ("kitchen", "complaint"),
    [
        ("new_counter_circuit", "cookbook differs"),
        ("counter_circuit", "8 x 5 cells, more than 5 x 5"),
        ("no_such", "unknown kitchen"),
        (7, "one, or a list of 2"),
        (["cramped_room"], "one, or a list of 2"),
        (["cramped_room", None], "must be a name"),
    ],
)
def test_kitchens_that_a_batch_cannot_hold(kitchen: Any, complaint: str) -> None:
    env = kitchen_v0.vector_env(kitchens=SOUPS[:2], num_envs=2, observation="features")
    before = env.reset(seed=0)[0].copy()
    with pytest.raises(BrigadeError, match=complaint):
        env.reset(seed=0, options={"kitchen": kitchen})
    assert len(env.rooms) == 2
    assert np.array_equal(env.reset(seed=0)[0], before)
    with pytest.raises(BrigadeError, match="of 'cramped_room' alone"):
        kitchen_v0.vector_env(kitchen="cramped_room", num_envs=2).reset(options={"kitchen": "cramped_room"})


def test_kitchens_that_a_single_one_cannot_become() -> None:
    env = kitchen_v0.parallel_env(kitchen="cramped_room", observation="planes")
    for kitchen, complaint in (
        ("coordination_ring", r"another form.*size=\(columns, rows\)"), ("generated:cookbook=soups,chefs=3", "3 chefs"),
        (4, "must be a name"), ("no_such", "unknown kitchen"),
    ):  # fmt: skip
        with pytest.raises(BrigadeError, match=complaint):
            env.reset(seed=0, options={"kitchen": kitchen})
    with pytest.raises(BrigadeError, match="5 x 4 cells, more than 4 x 4"):
        kitchen_v0.parallel_env(kitchen="cramped_room", size=(4, 4))


def test_an_enlarged_kitchen_is_the_same_game() -> None:
    kitchen = draw(Recipe(seed=4, style="divided"))[1]
    larger = enlarge(kitchen, 13, 11)
    assert (larger.room, larger.width, larger.height) == ((9, 7), 13, 11)
    games = Game(kitchen), Game(larger)
    random = np.random.default_rng(1)
    for game in games:
        game.reset([8])
    for _ in range(300):
        actions = busy(random, 1, 2)
        for game in games:
            game.step(actions)
        assert games[0].describe() == games[1].describe()
    assert enlarge(larger, 13, 11).layout.tile.tolist() == larger.layout.tile.tolist()


def test_large_rooms_have_their_distances(tmp_path: Any) -> None:
    """Beyond 255 cells, and 255 steps, where distances take two bytes."""
    width, height = 30, 25
    rows = ["." * width]
    for line in range(height - 2):  # a snake
        gap = width - 2 if line // 2 % 2 == 0 else 1
        rows.append("".join("." if x in (0, width - 1) or (line % 2 and x != gap) else "_" for x in range(width)))
    rows.append("." * width)
    text = [list(row) for row in rows]
    text[1][1], text[1][2] = "1", "2"
    for x, symbol in enumerate("OTDPS", 3):
        text[0][x] = symbol
    spec = load_kitchen("cramped_room").spec.model_copy(
        update={"name": "snake", "map": "\n".join(map("".join, text)) + "\n", "legend": {}}
    )
    file = tmp_path / "snake.yaml"
    import yaml

    file.write_text(yaml.safe_dump(spec.model_dump(mode="json", exclude_none=True)), encoding="utf-8")
    kitchen = load_kitchen(str(file))
    observer = make_observer("features", kitchen)
    game = Game(kitchen)
    game.reset([0])
    far = next(cell for cell in range(kitchen.width * (height - 2), kitchen.width * (height - 1))
               if kitchen.layout.tile[cell] == 0 and kitchen.layout.tile[cell + 1] != 0)  # fmt: skip
    game.state.pos[0, 0] = far
    seen = observer.buffer(1)
    observer.write(game.state, seen, 0, 1)
    steps = 1 / seen[0, 0, observer.labels.index("hatch.nearness")] - 1
    assert steps > 255
    walked, edge, count = {far}, {far}, 0  # by hand
    hatch = int(np.flatnonzero(np.array(kitchen.tile_names) == "hatch")[0])
    while hatch + kitchen.width not in walked:
        edge = {
            there for here in edge for there in (here - 1, here + 1, here - width, here + width)
            if kitchen.layout.tile[there] == 0 and there not in walked
        }  # fmt: skip
        walked |= edge
        count += 1
    assert steps == pytest.approx(count)


@pytest.mark.skipif(not COMPILED, reason="plain Python is handed the arrays themselves")
def test_handles_refuse_what_compiled_code_would_take_for_something_else() -> None:
    joint = new_joint(3, 2)
    Handle((read_joint, joint))
    for wrong in (
        joint._replace(actions=joint.actions.astype(np.int16)), joint._replace(over=np.zeros((3, 1), np.bool_)),
        joint._replace(results=np.zeros((6, 3), np.int32)[::2]),
    ):  # fmt: skip
        with pytest.raises(TypeError, match="Joint"):
            Handle((read_joint, wrong))


def test_arrays_may_be_replaced() -> None:
    game, twin = Game("cramped_room", 2), Game("cramped_room", 2)
    for each in (game, twin):
        each.reset([1, 2])
    game.state = game.state._replace(item=game.state.item.copy(), pos=game.state.pos.copy())
    for actions in busy(np.random.default_rng(0), 40, 4).reshape(40, 2, 2):
        assert game.step(actions).tolist() == twin.step(actions).tolist()
    assert game.describe(1) == twin.describe(1)


def test_lists_of_rooms_are_checked() -> None:
    kitchen = load_kitchen("cramped_room")
    cookbook = replace(kitchen.cookbook, spec=kitchen.cookbook.spec.model_copy(update={"dishes": {}}))
    with pytest.raises(BrigadeError, match="both called 'soups', and differ"):
        RoomList([kitchen, replace(kitchen, cookbook=cookbook)])
    with pytest.raises(BrigadeError, match="no rooms"):
        RoomList([])


def test_a_reset_that_is_refused_leaves_everything_as_it_was() -> None:
    env = kitchen_v0.vector_env(kitchens=SOUPS[:2], num_envs=2, observation="features", size=(9, 9), horizon=50)
    twin = kitchen_v0.vector_env(kitchens=SOUPS[:2], num_envs=2, observation="features", size=(9, 9), horizon=50)
    for each in (env, twin):
        each.reset(seed=0)
    random = np.random.default_rng(0)
    for seed, options in (
        (None, {"kitchen": ["asymmetric_advantages", "no_such"]}),  # one of them has come in by then
        (None, {"kitchen": SOUPS[1], "order_script": ["Nope"]}),
        ("x", {"kitchen": SOUPS[1]}),
        (None, {"kitchen": SOUPS[1], "reset_mask": np.array([True, False]), "order_script": ["Nope"]}),
    ):
        with pytest.raises(BrigadeError):
            env.reset(seed=seed, options=options)
        for _ in range(70):
            actions = busy(random, 2, 2)
            one, other = env.step(actions), twin.step(actions)
            assert np.array_equal(one[0], other[0])
            assert one[4]["room"].tolist() == other[4]["room"].tolist()
    assert env.reset(options={"kitchen": "asymmetric_advantages"})[1]["room"].tolist() == [2, 2]
    env.step([[1, 1], [2, 2]])

    single = kitchen_v0.parallel_env(kitchen="cramped_room")
    single.reset(seed=0)
    before = single.describe()
    for seed, options in ((None, {"kitchen": SOUPS[1], "order_script": ["Nope"]}), ("x", {"kitchen": SOUPS[1]})):
        with pytest.raises(BrigadeError):
            single.reset(seed=seed, options=options)
        assert single.describe() == before
    single.step(dict.fromkeys(single.agents, 2))


def test_a_supply_answers_what_it_is_asked() -> None:
    spec = GeneratorSpec(cookbook="soups", width=6, height=5)
    supply = RoomSupply(spec.recipes)
    supply.ask(1)
    supply.ask(1)
    supply.ask(3)
    assert supply.take(3).source == name_of(spec.recipe(3))
    supply.ask(4)
    assert supply.take(7).source == name_of(spec.recipe(7))  # nobody has begun with it
    supply.ask(5)
    assert supply.take(5).source == name_of(spec.recipe(5))
    supply.close()


def test_rooms_that_are_put_back_go_on_with_the_same_ones() -> None:
    spec = {"generator": {"cookbook": "soups", "width": 6, "height": 5}, "pool": 3, "refill": 1}

    def turned(rooms: RoomList, times: int) -> list[str]:
        for _ in range(times):
            rooms.arrays.room[:] = next(r for r in range(3) if r != rooms._leaving)
            rooms.turn_over()
        return [kitchen.source for kitchen in rooms.kitchens]

    for played in (0, 1, 2, 9):
        first, again = make_rooms(spec), make_rooms(spec)
        first.seat(1)
        again.seat(1)
        turned(first, played)
        again.put_back(copy.deepcopy(first.kept(first.arrays.room)), 1)
        assert turned(first, 6) == turned(again, 6)
        assert len(set(turned(first, 0))) == 3
        first.close()
        again.close()


def test_rooms_that_cannot_be_drawn_are_passed_over() -> None:
    """As of a list of sizes the smallest, which has no place for so many stations."""
    spec = {"generator": {"width": [5, 9], "height": 5, "stations": [2, 3]}, "pool": 25}
    rooms = make_rooms(spec)
    assert [kitchen.source for kitchen in rooms.kitchens] == [kitchen.source for kitchen in make_rooms(spec).kitchens]
    first = [GeneratorSpec(**spec["generator"]).recipe(number) for number in range(25)]
    assert any(name_of(recipe) != kitchen.source for recipe, kitchen in zip(first, rooms.kitchens, strict=True))


def test_states_are_put_back_with_their_rooms() -> None:
    env = kitchen_v0.vector_env(kitchens={"names": SOUPS[:2]}, num_envs=6, observation="features", horizon=5)
    env.reset(seed=0)
    state, room, seen = env.game.snapshot(), env.game.room, env.game.seen.copy()
    for _ in range(5):
        env.step(np.zeros((6, 2), int))
    assert env.game.room.tolist() != room.tolist()
    with pytest.raises(BrigadeError, match="together with them"):
        env.game.restore(state)
    env.game.restore(state, room)
    env.game.call(LOOKING)
    assert np.array_equal(env.game.seen, seen)


def test_rooms_belong_to_one_batch() -> None:
    rooms = make_rooms(SOUPS[:2])
    kitchen_v0.vector_env(kitchens=rooms, num_envs=4)
    with pytest.raises(BrigadeError, match="another batch"):
        kitchen_v0.vector_env(kitchens=rooms, num_envs=2)


class Stoves(NamedNumbers):
    """An observation whose form depends on the room."""

    name = "stoves"

    def numbers(self, seen: dict[str, Any]) -> dict[str, float]:
        """One for each stove."""
        return {f"stove_{i}": 0.5 for i in range(len(self.kitchen.layout.stoves))}


def test_observations_of_ones_own_have_one_form_in_all_rooms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "make_observer", lambda name, kitchen: Stoves(kitchen))
    env = kitchen_v0.vector_env(kitchens=["cramped_room", "coordination_ring"], num_envs=2, observation="stoves")
    with pytest.raises(BrigadeError, match="another form in 'coordination_ring'"):
        env.reset(seed=0)


@pytest.mark.parametrize("size", [(40_000, 5), (300, 300), (12_000, 4)])
def test_maps_are_of_a_size_that_numbers_of_cells_can_say(size: tuple[int, int]) -> None:
    with pytest.raises(BrigadeError, match="at most 32767 cells"):
        kitchen_v0.vector_env(kitchens=["cramped_room"], num_envs=1, size=size)


def test_rooms_at_reset_are_as_the_batch_was_asked_for() -> None:
    env = kitchen_v0.vector_env(kitchens=["cramped_room"], num_envs=1, old_dynamics=False, size=(9, 9), horizon=33)
    env.reset(options={"kitchen": "coordination_ring"})
    assert (env.rooms[1].spec.old_dynamics, env.rooms[1].horizon) == (False, 33)
    with pytest.raises(BrigadeError, match="horizon must be a whole number"):
        kitchen_v0.vector_env(kitchens={"generator": {}}, num_envs=1, horizon="a")
    solo = kitchen_v0.solo_vector_env(kitchens=SOUPS[:2], num_envs=3)
    assert solo.reset(seed=0)[1]["room"].tolist() == [0, 1, 0]


def test_a_kitchen_with_another_horizon_is_over_then() -> None:
    kitchen = with_horizon(load_kitchen("cramped_room"), 7)
    env = kitchen_v0.vector_env(kitchen=kitchen, num_envs=2, autoreset_mode="Disabled")
    seen, _ = env.reset(seed=0)
    for tick in range(1, 8):
        seen, _, _, over, _ = env.step(np.zeros((2, 2), int))
        assert over.tolist() == env.game.done.tolist() == [tick == 7] * 2
        assert seen[0, 0, -1] == pytest.approx((7 - tick) / 7)

"""The kitchen's standard interfaces: conformance, determinism, batches, and errors that help."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import brigade
from brigade.envs import kitchen_v0
from brigade.envs.asking import AgentFault
from brigade.envs.kitchen.content.cookbook import FLOOR
from brigade.envs.kitchen.content.layout import INTERACT
from brigade.envs.kitchen.content.loading import list_kitchens, load_kitchen
from brigade.envs.kitchen.content.tables import EVENT_NAMES, NO_EVENT
from brigade.envs.kitchen.engine.compiled import COMPILED
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.kitchen.engine.reward import Shaping, mix
from brigade.envs.kitchen.interfaces.parallel import KitchenParallelEnv
from brigade.envs.kitchen.interfaces.partners import Stay, View, make_partner, register_partner_source
from brigade.envs.kitchen.interfaces.solo_vector import KitchenSoloVectorEnv
from brigade.envs.kitchen.observations.observe import observers
from brigade.envs.registry import BrigadeError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # PettingZoo's tests warn when imported
    from pettingzoo.test import parallel_api_test, parallel_seed_test

KITCHENS = list_kitchens()
TEAMS = [name for name in KITCHENS if load_kitchen(name).chefs > 1]
OBSERVATIONS = observers.names
EPISODE = 60 if COMPILED else 6  # ticks; plain Python is a hundred times slower
EVERY = pytest.mark.parametrize(
    ("kitchen", "observation"), [(kitchen, observation) for kitchen in KITCHENS for observation in OBSERVATIONS]
)
PROPERTY = settings(
    max_examples=40 if COMPILED else 3, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def plays(chefs: int, ticks: int, count: int = 1, seed: int = 0) -> np.ndarray:
    """Random actions (ticks, count, chefs) that interact often."""
    weights = np.array([1, 2, 2, 2, 2, 5]) / 14
    return np.random.default_rng(seed).choice(6, (ticks, count, chefs), p=weights)


def test_four_chefs_in_a_kitchen_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "four.yaml"
    rows = ["..GUKP.", "S1_2_3.", "._4___D", ".CCW.W."]
    text = "name: four\ntitle: Four\ncookbook: salads\nrules: challenge\nhorizon: 40\nmap: |\n"
    file.write_text(text + "".join(f"  {row}\n" for row in rows))
    parallel_api_test(kitchen_v0.parallel_env(kitchen=str(file)), 50)
    env = kitchen_v0.solo_env(kitchen=str(file), seat=2, partners=["stay", Stay, Stay()])
    assert sorted(env.partners) == [0, 1, 3]
    env.reset(seed=1)
    env.step(0)


def rollout(env: KitchenParallelEnv, seed: int, ticks: int) -> list[Any]:
    """Everything that an environment returns while it plays, over as many episodes as that takes."""
    told: list[Any] = [env.reset(seed=seed)]
    for actions in plays(env.kitchen.chefs, ticks, seed=seed)[:, 0].tolist():
        told.append(env.step(dict(zip(env.possible_agents, actions, strict=True))))
        if not env.agents:
            told.append(env.reset())
    return told


@EVERY
def test_pettingzoo_accepts_it(kitchen: str, observation: str) -> None:
    parallel_api_test(kitchen_v0.parallel_env(kitchen=kitchen, observation=observation, horizon=EPISODE), EPISODE + 5)
    parallel_seed_test(lambda: kitchen_v0.parallel_env(kitchen=kitchen, observation=observation, horizon=EPISODE))


@EVERY
def test_gymnasium_accepts_it(kitchen: str, observation: str) -> None:
    name = "".join(word.capitalize() for word in kitchen.split("_"))
    env = gymnasium.make(f"Brigade/{name}-v0", observation=observation, horizon=EPISODE).unwrapped
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env, skip_render_check=True)
    env.close()


def test_gymnasium_accepts_its_pictures_and_its_window(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("brigade.envs.kitchen.pictures.render")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    env = gymnasium.make("Brigade/CrampedRoom-v0").unwrapped
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env)


@EVERY
def test_a_batch_fits_its_spaces(kitchen: str, observation: str) -> None:
    env = kitchen_v0.vector_env(kitchen=kitchen, num_envs=3, observation=observation, horizon=EPISODE // 2)
    assert env.reset(seed=1)[0] in env.observation_space
    env.action_space.seed(1)
    for _ in range(EPISODE):
        observations, rewards, terminations, truncations, info = env.step(env.action_space.sample())
        assert observations in env.observation_space
        assert observations[0] in env.single_observation_space
        assert (rewards.shape, rewards.dtype) == ((3,), np.float32)
        assert not terminations.any()
        assert truncations.shape == (3,)
        assert info["shaped_reward"].shape == (3, env.kitchen.chefs)
        assert ("final_obs" in info) == truncations.any()
    env.close()


@EVERY
def test_the_same_seed_gives_the_same_rollout(kitchen: str, observation: str) -> None:
    first, second = (kitchen_v0.parallel_env(kitchen=kitchen, observation=observation, horizon=EPISODE) for _ in "12")
    ticks = EPISODE * 2 + 5
    assert data_equivalence(rollout(first, 11, ticks), rollout(second, 11, ticks), exact=True)
    assert data_equivalence(rollout(first, 11, ticks), rollout(second, 11, ticks), exact=True)  # used objects


def test_another_seed_and_the_next_episode_bring_other_orders() -> None:
    env = kitchen_v0.parallel_env()
    firsts = []
    for seed in (1, 2, None, None):
        env.reset(seed=seed)
        for _ in range(100):
            env.step({"chef_0": 0, "chef_1": 0})
        firsts.append(tuple(order["dish"] for order in env.describe()["orders"]))
    assert len(set(firsts)) > 1
    assert env.game.state.episode[0] == 2


def test_the_same_seed_gives_the_same_rollout_in_another_process() -> None:
    program = (
        "import hashlib, numpy as np; from brigade.envs import kitchen_v0\n"
        f"env = kitchen_v0.vector_env(num_envs=2, observation='planes', horizon={EPISODE}); env.reset(seed=5)\n"
        "digest, draw = hashlib.sha256(), np.random.default_rng(0)\n"
        f"for _ in range({EPISODE * 2}): digest.update(env.step(draw.integers(0, 6, (2, 2)))[0].tobytes())\n"
        "print(digest.hexdigest())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", program], env=os.environ | {"PYTHONHASHSEED": seed},
            check=True, capture_output=True, text=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(told) == 1


@pytest.mark.parametrize("observation", ["planes", "features"])
@pytest.mark.parametrize("kitchen", KITCHENS)
def test_a_batch_is_many_alone(kitchen: str, observation: str) -> None:
    count, ticks = 3, EPISODE * 2 + 3
    arguments: dict[str, Any] = {"kitchen": kitchen, "observation": observation, "horizon": EPISODE}
    batch = kitchen_v0.vector_env(num_envs=count, **arguments)
    alone = [kitchen_v0.parallel_env(**arguments) for _ in range(count)]
    together, _ = batch.reset(seed=40)
    for k, env in enumerate(alone):
        assert data_equivalence(list(together[k]), list(env.reset(seed=40 + k)[0].values()), exact=True)
    for actions in plays(batch.kitchen.chefs, ticks, count):
        together, rewards, _, truncations, info = batch.step(actions)
        for k, env in enumerate(alone):
            observations, reward, _, truncated, told = env.step(
                dict(zip(env.possible_agents, actions[k].tolist(), strict=True))
            )
            assert reward["chef_0"] == rewards[k]
            assert truncated["chef_0"] == truncations[k]
            assert [one["shaped_reward"] for one in told.values()] == info["shaped_reward"][k].tolist()
            if truncations[k]:
                assert data_equivalence(list(info["final_obs"][k]), list(observations.values()), exact=True)
                assert info["final_info"]["score"][k] == told["chef_0"]["score"]
                observations, told = env.reset()
            assert info["score"][k] == told["chef_0"]["score"]
            assert data_equivalence(list(together[k]), list(observations.values()), exact=True)


@pytest.mark.parametrize("observation", ["planes", "features", "symbolic"])
def test_threads_change_nothing(observation: str) -> None:
    one, four = (kitchen_v0.vector_env(num_envs=7, observation=observation, threads=n, horizon=EPISODE) for n in (1, 4))
    assert data_equivalence(list(one.reset(seed=2)[0]), list(four.reset(seed=2)[0]), exact=True)
    for actions in plays(2, EPISODE + 5, 7):
        for first, second in zip(one.step(actions), four.step(actions), strict=True):
            assert data_equivalence(_plain(first), _plain(second), exact=True)
    four.close()


def _plain(told: Any) -> Any:
    return told.tolist() if isinstance(told, np.ndarray) and told.dtype == object else told


def test_kitchens_at_different_ticks_end_each_in_its_time() -> None:
    count = 4
    batch = kitchen_v0.vector_env(num_envs=count, horizon=EPISODE)
    batch.reset(seed=0)
    games = [Game(batch.kitchen) for _ in range(count)]
    for k, game in enumerate(games):
        game.reset([k])
    ends = np.zeros(count, int)
    for tick, actions in enumerate(plays(2, EPISODE * 3, count)):
        if tick % (EPISODE // 3) == 1 and tick < EPISODE:
            mask = np.arange(count) == tick // (EPISODE // 3)
            batch.reset(options={"reset_mask": mask})
            games[int(mask.argmax())].next_episode(np.array([True]))
        _, rewards, _, truncations, _ = batch.step(actions)
        ends += truncations
        for k, game in enumerate(games):
            assert game.step(actions[k : k + 1])[0] == rewards[k]
            assert game.done[0] == truncations[k]
            if game.done[0]:
                game.next_episode(np.array([True]))
            assert game.describe() == batch.game.describe(k)
    assert (ends >= 2).all()
    assert len(set(batch.game.state.tick.tolist())) > 1


def test_the_observations_are_one_array_and_the_rest_is_new() -> None:
    env = kitchen_v0.vector_env(num_envs=2)
    observations, _ = env.reset(seed=1)
    first, second = env.step([[1, 2], [3, 4]]), env.step([[5, 5], [0, 1]])
    assert first[0] is second[0] is observations
    assert first[1] is not second[1]
    assert not np.shares_memory(first[4]["shaped_reward"], second[4]["shaped_reward"])


@pytest.mark.parametrize("observation", [None, "none"])
def test_a_batch_without_observations(observation: str | None) -> None:
    env = kitchen_v0.vector_env(num_envs=2, observation=observation, horizon=2)
    assert env.reset(seed=1)[0].shape == (2, 2, 0)
    env.step([[0, 0]] * 2)
    assert env.step([[0, 0]] * 2)[3].all()


def test_a_script_says_which_orders_come() -> None:
    script = ["BeefBurger", "LettuceBurger", "BeefBurger", "BeefLettuceBurger"]
    single = kitchen_v0.parallel_env(horizon=200)
    batch = kitchen_v0.vector_env(num_envs=2, horizon=200)
    single.reset(seed=1, options={"order_script": script})
    batch.reset(seed=1, options={"order_script": [script, script[::-1]]})
    for _ in range(90):
        single.step({"chef_0": 0, "chef_1": 0})
        batch.step([[0, 0], [0, 0]])
    told = [env["orders"] for env in (single.describe(), batch.game.describe(0), batch.game.describe(1))]
    assert [[order["dish"] for order in orders] for orders in told] == [script, script, script[::-1]]
    single.reset()
    assert single.game.state.script_length[0] == 0


def test_rewards_are_the_score_and_shaping_fades() -> None:
    env = kitchen_v0.parallel_env(kitchen="cramped_room", shaped_coefficient=1.0, shaped_anneal_steps=400, horizon=200)
    env.reset(seed=3)
    score, weights = 0, []
    for step, actions in enumerate(plays(2, 200, seed=3)[:, 0].tolist()):
        _, rewards, _, _, infos = env.step(dict(zip(env.possible_agents, actions, strict=True)))
        change, score = infos["chef_0"]["score"] - score, infos["chef_0"]["score"]
        for agent, reward in rewards.items():
            weight = 1 - step / 400
            assert reward == pytest.approx(change + weight * infos[agent]["shaped_reward"])
            weights.append(infos[agent]["shaped_reward"] * weight)
    assert not COMPILED or sum(weights) > 0
    assert [Shaping(2.0, 10).at(step) for step in (0, 5, 10, 99)] == [2.0, 1.0, 0.0, 0.0]
    assert Shaping(2.0).at(99) == 2.0
    np.testing.assert_array_equal(mix([5, -10], [[3, 0], [0, 5]], 0.5), [[6.5, 5], [-10, -7.5]])


def test_infos_name_what_happened() -> None:
    env = kitchen_v0.parallel_env()
    env.reset(seed=0)
    *_, moved = env.step({"chef_0": 1, "chef_1": 0})  # to the left, beside the lettuce station
    assert env.happened() == {"chef_0": None, "chef_1": None}
    *_, fetched = env.step({"chef_0": INTERACT, "chef_1": INTERACT})
    assert env.happened() == {"chef_0": ("fetch", "lettuce"), "chef_1": None}
    assert moved["chef_0"]["event"].tolist() == fetched["chef_1"]["event"].tolist() == [NO_EVENT, -1]
    event, kind = fetched["chef_0"]["event"]
    assert (EVENT_NAMES[event], env.kitchen.cookbook.kinds[kind].name) == ("fetch", "lettuce")


class Recorder:
    """A partner who notes what it was told, and always wants to go up."""

    def __init__(self) -> None:
        self.views: list[View] = []
        self.seats: list[int] = []

    def reset(self, view: View) -> None:
        self.views.append(view)

    def act(self, observation: dict[str, Any]) -> int:
        self.seats.append(observation["you"])
        return 4


def test_partners_sit_in_the_other_seats() -> None:
    partner = Recorder()
    env = kitchen_v0.solo_env(partners=partner, seat=1)
    env.reset(seed=9)
    env.step(0)
    env.reset(seed=9)
    assert partner.seats == [0]
    assert [view.seat for view in partner.views] == [0, 0]
    assert partner.views[0].seed == partner.views[1].seed
    assert env.world.describe()["chefs"][0]["facing"] == "left"
    env.step(0)
    assert env.world.describe()["chefs"][0]["facing"] == "up"
    assert isinstance(next(iter(kitchen_v0.solo_env(partners=Stay).partners.values())), Stay)


class Leaves(Recorder):
    """A partner who ends the program, in the way that it is made for."""

    def __init__(self, when: str):
        super().__init__()
        self.when = when

    def reset(self, view: View) -> None:
        if self.when == "reset":
            sys.exit("closing time")

    def act(self, observation: dict[str, Any]) -> Any:
        return sys.exit("closing time") if self.when == "act" else None


def test_a_partner_who_breaks_the_protocol_is_named() -> None:
    who = r"the partner in seat 0 \(Leaves\), tick 0: "
    with pytest.raises(AgentFault, match=who + r"SystemExit while being reset: closing time \(test_envs.py, line"):
        kitchen_v0.solo_env(partners=Leaves("reset"), seat=1).reset(seed=0)
    for when, told in (("act", "SystemExit while acting"), ("never", r"it answered None \(NoneType\), expected")):
        env = kitchen_v0.solo_env(partners=Leaves(when), seat=1)
        env.reset(seed=0)
        with pytest.raises(AgentFault, match=who + told):
            env.step(0)
    with pytest.raises(AgentFault, match="partner exit: SystemExit while being made"):
        kitchen_v0.solo_env(partners=sys.exit)


def test_solo_is_the_parallel_environment_seen_from_a_seat() -> None:
    solo, team = kitchen_v0.solo_env(seat=1, horizon=EPISODE), kitchen_v0.parallel_env(horizon=EPISODE)
    assert np.array_equal(solo.reset(seed=4)[0], team.reset(seed=4)[0]["chef_1"])
    for action in plays(1, EPISODE)[:, 0, 0].tolist():
        observation, reward, terminated, truncated, info = solo.step(action)
        told = [part["chef_1"] for part in team.step({"chef_0": 0, "chef_1": action})]
        assert data_equivalence([observation, reward, terminated, truncated, info], told, exact=True)
    assert truncated


def test_other_packages_can_name_partners() -> None:
    def recorder(name: str) -> Recorder:
        return Recorder()

    register_partner_source(recorder, lambda: ["recorder"])
    assert isinstance(make_partner("recorder"), Recorder)
    with pytest.raises(BrigadeError, match="unknown partner 'recoder'; did you mean 'recorder'"):
        make_partner("recoder")
    with pytest.raises(BrigadeError, match="cannot be a partner"):
        make_partner(7)  # type: ignore[arg-type]


@PROPERTY
@given(kitchen=st.sampled_from(TEAMS), seed=st.integers(0, 2**32 - 1), swarm=st.booleans())
def test_no_two_chefs_share_a_cell(kitchen: str, seed: int, swarm: bool) -> None:
    env = kitchen_v0.vector_env(kitchen=kitchen, num_envs=4, observation=None)
    env.reset(seed=seed)
    draw = np.random.default_rng(seed)
    for _ in range(EPISODE):
        actions = draw.integers(1, 5, (4, 2)) if swarm else draw.integers(0, 6, (4, 2))
        env.step(actions)
        state, tile = env.game.state, env.kitchen.layout.tile
        assert (state.pos[:, 0] != state.pos[:, 1]).all()
        assert (tile[state.pos] == FLOOR).all()
        assert (state.item[:, tile == FLOOR] == 0).all()


@PROPERTY
@given(kitchen=st.sampled_from(TEAMS), seed=st.integers(0, 1000), moves=st.lists(st.integers(0, 5), max_size=40))
def test_the_score_changes_only_by_deliveries_and_expiry(kitchen: str, seed: int, moves: list[int]) -> None:
    env = kitchen_v0.vector_env(kitchen=kitchen, num_envs=1, observation=None)
    env.reset(seed=seed)
    for move in moves:
        before = env.game.state.stats.copy()
        reward = env.step([[move, INTERACT]])[1][0]
        changed = (env.game.state.stats - before)[0]
        missed, wrong = env.kitchen.layout.missed_penalty, env.kitchen.layout.wrong_penalty
        assert reward == changed[0] - missed * changed[2] - wrong * changed[3]


def started(**arguments: Any) -> KitchenParallelEnv:
    env = kitchen_v0.parallel_env(**arguments)
    env.reset(seed=0)
    return env


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: kitchen_v0.parallel_env(kitchen="cramped_rom"), "unknown kitchen .*did you mean 'cramped_room'"),
        (lambda: kitchen_v0.parallel_env(observation="feature"), "did you mean 'features'"),
        (lambda: kitchen_v0.parallel_env(render_mode="rgb"), "unknown render mode 'rgb'; did you mean 'rgb_array'"),
        (lambda: kitchen_v0.parallel_env(horizon=0), "horizon"),
        (lambda: kitchen_v0.parallel_env(shaped_coefficient=-1), "shaped_coefficient must be 0 or more, got -1"),
        (lambda: kitchen_v0.parallel_env().step({"chef_0": 0, "chef_1": 0}), "has not begun; call reset"),
        (lambda: started().step({"chef_0": 0}), "no action for agent 'chef_1'"),
        (lambda: started().step({"chef_0": 0, "chef_1": 6}), "action 6 of chef_1 is out of range.*5 interact"),
        (lambda: started().step({"chef_0": 0, "chef_1": 1.0}), "action 1.0 of chef_1"),
        (lambda: started().step({"chef_0": "lift", "chef_1": 0}), "did you mean 'left'"),
        (lambda: started().step({"chef_0": 0, "chef_1": 0, "chef_2": 0}), "unknown agent 'chef_2'; did you mean"),
        (lambda: started().observation_space("chef0"), "unknown agent 'chef0'; did you mean 'chef_0'"),
        (lambda: started().reset(options={"order_scripts": []}), "unknown reset option .*did you mean 'order_script'"),
        (lambda: started().reset(options={"order_script": ["BeefBurgr"]}), "did you mean 'BeefBurger'"),
        (lambda: kitchen_v0.solo_env(seat=2), "seat 2 is not in kitchen 'new_counter_circuit'; expected 0 to 1"),
        (lambda: kitchen_v0.solo_env(partners=[Stay(), Stay()]), "has 1 other seats, got 2 partners"),
        (lambda: kitchen_v0.solo_env(partners="stey"), "did you mean 'stay'"),
        (lambda: kitchen_v0.solo_env().step(0), "has not begun; call reset"),
        (lambda: kitchen_v0.vector_env(num_envs=2).step([[0, 0]] * 2), "have not begun; call reset"),
        (lambda: kitchen_v0.vector_env(num_envs=2).reset(seed=[1, 2, 3]), "a list of 2 seeds"),
        (lambda: kitchen_v0.vector_env(num_envs=2).reset(options={"mask": 1}), "did you mean 'reset_mask'"),
        (lambda: kitchen_v0.vector_env(num_envs=2, render_mode="human"), "a batch has no window"),
        (lambda: kitchen_v0.vector_env(num_envs=0), "count and threads must be at least 1"),
    ],
)
def test_errors_say_what_was_expected(make: Any, message: str) -> None:
    with pytest.raises(BrigadeError, match=message):
        make()


def test_a_refused_action_moves_nothing() -> None:
    env, batch = started(), kitchen_v0.vector_env(num_envs=2)
    batch.reset(seed=0)
    before, many = env.describe(), batch.game.describe(0)
    with pytest.raises(BrigadeError):
        env.step({"chef_0": 1, "chef_1": 9})
    with pytest.raises(BrigadeError, match="action 9 is out of range"):
        batch.step([[1, 1], [1, 9]])
    with pytest.raises(BrigadeError, match="expected actions of shape"):
        batch.step([1, 1])
    assert env.describe() == before
    assert batch.game.describe(0) == many


def test_a_step_after_the_end_is_refused() -> None:
    env = started(horizon=1)
    _, _, terminations, truncations, _ = env.step({"chef_0": 0, "chef_1": 0})
    assert truncations == {"chef_0": True, "chef_1": True}
    assert terminations == {"chef_0": False, "chef_1": False}
    assert env.agents == []
    with pytest.raises(BrigadeError, match="the episode has ended; call reset"):
        env.step({"chef_0": 0, "chef_1": 0})


def test_every_kitchen_has_a_gymnasium_id() -> None:
    ours = {name: spec.kwargs for name, spec in gymnasium.registry.items() if name.startswith("Brigade/")}
    assert {kwargs["kitchen"] for kwargs in ours.values() if "kitchen" in kwargs} == set(KITCHENS)
    assert {f"{name[:-3]}-Shaped-v0" in ours for name in ours if "Shaped" not in name and "Verifier" not in name} == {
        True
    }
    assert brigade.__version__
    batch = gymnasium.make_vec("Brigade/CrampedRoom-v0", num_envs=2, horizon=7)
    assert isinstance(batch, KitchenSoloVectorEnv)
    assert batch.kitchen.horizon == 7
    batch.close()


def test_importing_loads_nothing_heavy() -> None:
    program = (
        "import sys, brigade.envs; from brigade.envs import kitchen_v0\n"
        "print([name for name in ('pygame', 'ray', 'torch', 'openai', 'numba', 'pettingzoo') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "[]"
    made = program.replace("\n", "; kitchen_v0.solo_env().reset(seed=1)\n").replace("'numba', 'pettingzoo'", "")
    told = subprocess.run([sys.executable, "-c", made], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize("kitchen", KITCHENS)
def test_pictures_are_made_without_a_window(kitchen: str) -> None:
    pytest.importorskip("brigade.envs.kitchen.pictures.render")
    env = kitchen_v0.parallel_env(kitchen=kitchen, render_mode="rgb_array")
    env.reset(seed=1)
    picture = env.render()
    assert picture is not None
    assert (picture.ndim, picture.shape[2], picture.dtype) == (3, 3, np.uint8)
    env.close()

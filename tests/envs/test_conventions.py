"""What Gymnasium and PettingZoo expect beyond their conformance tests: batches, autoreset modes, ids, wrappers."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import warnings
from functools import partial
from typing import Any

import gymnasium
import numpy as np
import pettingzoo
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv
from gymnasium.wrappers.vector import DictInfoToList, RecordEpisodeStatistics

import brigade
from brigade.agents.base import make_agent
from brigade.envs import kitchen_v0, prover_verifier_v0
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.kitchen.engine.compiled import COMPILED
from brigade.envs.kitchen.interfaces.partners import Stay, make_partner
from brigade.envs.kitchen.interfaces.solo_vector import KitchenSoloVectorEnv
from brigade.envs.registry import BrigadeError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # PettingZoo's tests warn when imported
    from pettingzoo.test import api_test, seed_test
    from pettingzoo.test.state_test import state_test

ID = "Brigade/CrampedRoom-Shaped-v0"
TICKS = 40 if COMPILED else 8
assert brigade.__version__  # importing it is what registers the ids


def both(mode: AutoresetMode, **arguments: Any) -> tuple[KitchenSoloVectorEnv, SyncVectorEnv]:
    """The batch of an id, and Gymnasium's own batch of what `make` makes of it."""
    arguments = {"horizon": TICKS, **arguments}
    batch = gymnasium.make_vec(ID, num_envs=3, autoreset_mode=mode, **arguments)
    apart = SyncVectorEnv([partial(gymnasium.make, ID, **arguments)] * 3, autoreset_mode=mode)
    assert isinstance(batch, KitchenSoloVectorEnv)
    return batch, apart


def told_alike(ours: Any, theirs: Any) -> None:
    """Both have told the same: arrays are close, and infos that one environment gives are the same."""
    assert len(ours) == len(theirs)
    for mine, other in zip(ours[:-1], theirs[:-1], strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-6)
    infos_alike(ours[-1], theirs[-1])


def infos_alike(ours: Any, theirs: Any, rows: Any = slice(None)) -> None:
    for key, other in theirs.items():
        if key.startswith("_") and key[1:] not in ("final_obs", "final_info"):
            continue  # which of them have it: all have
        if isinstance(other, dict):
            infos_alike(ours[key], other, theirs[f"_{key}"])
            continue
        mine, other = (np.stack(list(each[rows])) for each in (ours[key], other))
        if key == "final_obs":
            mine, other = mine[theirs["_final_obs"]], other[theirs["_final_obs"]]
        np.testing.assert_allclose(mine, other, rtol=1e-6, err_msg=key)


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("observation", ["features", "planes"])
def test_a_batch_of_an_id_is_what_make_makes_of_it(mode: AutoresetMode, observation: str) -> None:
    ours, theirs = both(mode, observation=observation, seat=1, shaped_anneal_steps=3 * TICKS)
    told_alike(ours.reset(seed=5), theirs.reset(seed=5))
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    draw, earned = np.random.default_rng(1), 0.0
    for _ in range(2 * TICKS + 5):
        actions = draw.integers(0, 6, 3)
        mine = ours.step(actions)
        told_alike(mine, theirs.step(actions))
        earned += float(np.abs(mine[1]).sum())
        if mode is AutoresetMode.DISABLED and mine[3].any():
            assert mine[3].all()
            mask = {"reset_mask": np.array([True, False, True])}
            mine, other = ours.reset(options=mask), theirs.reset(options=dict(mask))
            np.testing.assert_array_equal(mine[0], other[0])
            with pytest.raises(BrigadeError, match=r"of kitchens \[1\] have ended; reset them"):
                ours.step(actions)
            mask = {"reset_mask": np.array([False, True, False])}
            np.testing.assert_array_equal(ours.reset(seed=9, options=mask)[0], theirs.reset(seed=9, options=mask)[0])
    assert not COMPILED or earned > 0  # a partner cooked, so that there is something to be the same
    ours.close()
    theirs.close()


def test_all_chefs_in_a_batch_take_turns_with_the_modes() -> None:
    modes = {mode: kitchen_v0.vector_env(num_envs=2, horizon=3, autoreset_mode=mode.value) for mode in AutoresetMode}
    for mode, env in modes.items():
        assert env.metadata["autoreset_mode"] is env.autoreset_mode is mode
        env.reset(seed=1)
        told = [env.step(np.zeros((2, 2), int)) for _ in range(3)]
        assert told[-1][3].all()
        assert ("final_obs" in told[-1][4]) == (mode is AutoresetMode.SAME_STEP)
        begun = env.game.state.tick.tolist() == [0, 0]
        assert begun == (mode is AutoresetMode.SAME_STEP)
    after = modes[AutoresetMode.NEXT_STEP].step(np.full((2, 2), 4))
    assert (after[1].tolist(), after[3].any()) == ([0, 0], False)
    np.testing.assert_array_equal(after[0], kitchen_v0_next(1))
    with pytest.raises(BrigadeError, match=r"of kitchens \[0, 1\] have ended"):
        modes[AutoresetMode.DISABLED].step(np.zeros((2, 2), int))


def kitchen_v0_next(seed: int) -> Any:
    """What two kitchens of a seed show at the beginning of their second episode."""
    env = kitchen_v0.vector_env(num_envs=2, horizon=3)
    env.reset(seed=seed)
    return env.reset()[0]


def test_the_wrappers_of_batches_read_the_infos() -> None:
    env = RecordEpisodeStatistics(kitchen_v0.solo_vector_env(num_envs=2, horizon=4, partners="fsm"))
    env.reset(seed=0)
    told = [env.step(np.zeros(2, int)) for _ in range(4)]
    assert told[-1][4]["episode"]["l"].tolist() == [4, 4]
    env = DictInfoToList(kitchen_v0.solo_vector_env(num_envs=2, horizon=4))
    env.reset(seed=0)
    last = [env.step(np.zeros(2, int)) for _ in range(4)][-1][4]
    assert [sorted(each) for each in last] == [["event", "final_info", "final_obs", "score", "shaped_reward"]] * 2
    every = DictInfoToList(kitchen_v0.vector_env(num_envs=2, horizon=4))
    every.reset(seed=0)
    assert every.step(np.zeros((2, 2), int))[4][1]["shaped_reward"].shape == (2,)


@pytest.mark.filterwarnings("ignore:.*autoreset mode is same-step")
@pytest.mark.parametrize("mode", [AutoresetMode.SAME_STEP, AutoresetMode.NEXT_STEP])
def test_videos_are_recorded_of_batches(mode: AutoresetMode, tmp_path: Any) -> None:
    pytest.importorskip("moviepy")
    from gymnasium.wrappers.vector import RecordVideo

    env = RecordVideo(
        gymnasium.make_vec(ID, num_envs=2, horizon=6, render_mode="rgb_array", autoreset_mode=mode),
        str(tmp_path / "videos"),
    )
    env.reset(seed=0)
    for _ in range(10):
        env.step(np.zeros(2, int))
    env.close()
    assert list((tmp_path / "videos").glob("*.mp4"))


def test_in_turn_is_what_pettingzoo_means_by_env() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        api_test(kitchen_v0.env(max_cycles=TICKS), num_cycles=TICKS)
        seed_test(partial(kitchen_v0.env, max_cycles=TICKS), num_cycles=TICKS)
    env, together = kitchen_v0.env(max_cycles=TICKS), kitchen_v0.parallel_env(max_cycles=TICKS)
    env.reset(seed=3)
    together.reset(seed=3)
    draw = np.random.default_rng(0)
    for _ in range(TICKS):
        actions = draw.integers(0, 6, 2).tolist()
        for action in actions:
            env.step(action)
        together.step(dict(zip(together.possible_agents, actions, strict=True)))
        np.testing.assert_array_equal(env.observe("chef_1"), together.state()[140:])
    assert all(env.truncations.values())


@pytest.mark.parametrize("observation", ["features", "planes", "symbolic"])
def test_the_state_is_what_all_agents_see(observation: str) -> None:
    env = kitchen_v0.parallel_env(observation=observation, max_cycles=TICKS)
    seen, _ = env.reset(seed=1)
    state = env.state()
    assert state in env.state_space
    if observation == "symbolic":
        assert state == seen["chef_0"]
    else:
        state_test(kitchen_v0.env(observation=observation, max_cycles=TICKS), env)
        np.testing.assert_array_equal(state, np.concatenate(list(seen.values())))
        env.step({"chef_0": 1, "chef_1": 1})
        assert (env.state() != state).any()


def test_pettingzoo_makes_them_by_id() -> None:
    if not hasattr(pettingzoo, "make"):
        pytest.skip("PettingZoo has ids from 1.27 on")
    env = pettingzoo.make("parallel", "Brigade/CrampedRoom-v0", max_cycles=7, observation="planes")
    assert (env.kitchen.name, env.max_cycles) == ("cramped_room", 7)
    turn = pettingzoo.make("aec", "Brigade/NewCounterCircuit-v0")
    turn.reset(seed=1)
    assert turn.agent_selection == "chef_0"
    game = pettingzoo.make("aec", "Brigade/ProverVerifier-v0", game="ftp_small", protocol="adp")
    game.reset(seed=1)
    assert game.agent_selection == "prover"


@pytest.mark.parametrize("side", ["Verifier", "Prover"])
def test_sides_of_prover_verifier_games_have_ids(side: str) -> None:
    env = gymnasium.make(f"Brigade/ProverVerifier-{side}-v0", game="ftp_small", protocol="adp", render_mode="ansi")
    env.reset(seed=1)
    *_, over, _, _ = env.step(env.action_space.sample())
    assert over
    assert isinstance(env.render(), str)


def test_partners_come_by_name_with_options() -> None:
    described = {"name": "tempo", "options": {"agent": "pushing"}}
    env = kitchen_v0.solo_env(partners=described)
    assert type(env.partners[1]._agent) is type(make_agent("pushing"))
    env = kitchen_v0.solo_env(kitchen="cramped_room", partners=[{"name": "stay"}])
    assert isinstance(env.partners[1], Stay)
    for wrong, message in (
        ({"name": "tempo", "option": {}}, "unknown key 'option'; did you mean 'options'"),
        ({"name": "tempoo"}, "unknown partner 'tempoo'; did you mean 'tempo'"),
        ({"options": {}}, "a partner with options is"),
        ({"name": "fsm", "options": ["a"]}, "a partner with options is"),
        ({"name": "fsm", "options": {"speed": 2}}, "speed"),
        ({"name": "stay", "options": {"speed": 2}}, "partner 'stay': .*speed"),
    ):
        with pytest.raises(BrigadeError, match=message):
            make_partner(wrong)


def test_trained_policies_are_partners_by_name() -> None:
    pytest.importorskip("torch")
    named = kitchen_v0.solo_env(kitchen="cramped_room", partners="trained:cramped_room")
    described = {"name": "neural", "options": {"checkpoint": "cramped_room"}}
    batch = kitchen_v0.solo_vector_env(kitchen="cramped_room", num_envs=2, partners=described)
    seen = [named.reset(seed=4)[0], batch.reset(seed=4)[0][0]]
    for _ in range(30):
        np.testing.assert_array_equal(*seen)
        seen = [named.step(0)[0], batch.step([0, 0])[0][0]]


def test_one_object_is_no_partner_of_several() -> None:
    with pytest.raises(BrigadeError, match="one partner object cannot sit in 2 kitchens"):
        kitchen_v0.solo_vector_env(num_envs=2, partners=Stay())
    kitchen_v0.solo_vector_env(num_envs=1, partners=Stay()).reset(seed=1)
    kitchen_v0.solo_vector_env(num_envs=2, partners=Stay).reset(seed=1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: kitchen_v0.vector_env(num_envs=2).reset(seed=1.5), "a seed is a whole number or None, got 1.5"),
        (lambda: kitchen_v0.vector_env(num_envs=1.5), "num_envs must be a whole number, got 1.5"),
        (lambda: kitchen_v0.solo_env(seat="0"), "seat must be a whole number, got '0'"),
        (lambda: kitchen_v0.solo_env(shaped_coefficient=float("nan")), "shaped_coefficient must be a number, got nan"),
        (lambda: kitchen_v0.solo_env(kitchen="new_counter_circuit_solo", partners="fsmm"), "did you mean 'fsm'"),
        (lambda: kitchen_v0.vector_env().reset(options=["order_script"]), "reset options are a dictionary"),
        (lambda: kitchen_v0.vector_env().reset(options={"order_script": 3}), "an order_script is a list of dishes"),
        (lambda: begun(kitchen_v0.solo_env()).step("up"), "action 'up' .*; up is 4"),
        (lambda: kitchen_v0.parallel_env(horizon=7, max_cycles=8), "horizon 7 and max_cycles 8 mean the same"),
        (lambda: kitchen_v0.parallel_env(kitchen=load_kitchen("cramped_room"), horizon=7), "is loaded already"),
        (lambda: kitchen_v0.solo_env().reset(seed="one"), r"a seed is a whole number or None, got 'one' \(str\)"),
        (lambda: kitchen_v0.parallel_env().reset(seed=1.5), "a seed is a whole number"),
        (lambda: kitchen_v0.vector_env(num_envs=2).reset(seed="ab"), "a seed is a whole number or None, got 'ab'"),
        (lambda: kitchen_v0.vector_env(num_envs=2).reset(seed=["1", "2"]), "a seed is a whole number or None, got '1'"),
        (lambda: prover_verifier_v0.env().reset(seed="one"), "a seed is a whole number or None"),
        (lambda: prover_verifier_v0.side_env().reset(seed="one"), "a seed is a whole number or None"),
        (
            lambda: kitchen_v0.vector_env(autoreset_mode="next"),
            "unknown autoreset_mode 'next'; did you mean 'NextStep'",
        ),
        (lambda: kitchen_v0.solo_vector_env(observation="none"), "a learner needs an observation"),
        (lambda: kitchen_v0.solo_vector_env(num_envs=2).step([0, 0]), "have not begun; call reset"),
        (lambda: begun(kitchen_v0.solo_vector_env(num_envs=2)).step([0]), r"expected actions of shape \(2,\)"),
        (lambda: begun(kitchen_v0.solo_vector_env(num_envs=2)).step([0, 7]), "action 7 is out of range"),
        (lambda: begun(kitchen_v0.solo_vector_env(num_envs=2)).step([0.0, 1.0]), "actions must be whole numbers"),
        (lambda: begun(kitchen_v0.solo_env()).step(np.array([1, 2])), "out of range; expected one of 0 stay"),
        (
            lambda: begun(kitchen_v0.vector_env(num_envs=2)).reset(
                options={"reset_mask": np.array([True, False]), "order_script": ["BeefBurger"]}
            ),
            "give it without a reset_mask",
        ),
    ],
)
def test_errors_of_clients_say_what_was_expected(make: Any, message: str) -> None:
    with pytest.raises(BrigadeError, match=message):
        make()


def begun(env: Any) -> Any:
    env.reset(seed=0)
    return env


def test_tensors_are_actions() -> None:
    torch = pytest.importorskip("torch")
    env, batch = kitchen_v0.solo_env(), kitchen_v0.solo_vector_env(num_envs=2)
    env.reset(seed=1)
    env.step(torch.tensor(3))
    batch.reset(seed=1)
    batch.step(torch.tensor([3, 1]))
    with pytest.raises(BrigadeError, match="out of range"):
        env.step(torch.tensor(1.5))


MAKERS = {
    "parallel": partial(kitchen_v0.parallel_env, horizon=30),
    "aec": partial(kitchen_v0.env, horizon=30),
    "solo": partial(kitchen_v0.solo_env, horizon=30, partners="fsm"),
    "vector": partial(kitchen_v0.vector_env, horizon=30, num_envs=3, threads=2),
    "solo_vector": partial(kitchen_v0.solo_vector_env, horizon=30, num_envs=3, partners="fsm", threads=2),
    "verifier": partial(prover_verifier_v0.side_env, game="ftp_small", protocol="adp"),
    "pvg": partial(prover_verifier_v0.env, game="ftp_small", protocol="adp"),
    "pvg_parallel": partial(prover_verifier_v0.parallel_env, game="ftp_small", protocol="adp"),
}


def take_steps(env: Any, count: int) -> list[Any]:
    """What an environment tells in some steps, whichever sort it is; actions are the same every time."""
    told: list[Any] = []
    for number in range(count):
        if hasattr(env, "agent_selection"):
            over = env.terminations[env.agent_selection] or env.truncations[env.agent_selection]
            space = env.action_space(env.agent_selection)
            space.seed(number)
            env.step(None if over else space.sample())
            told.append(env.last() if env.agents else None)
            if not env.agents:
                env.reset()
        elif hasattr(env, "possible_agents"):
            if not env.agents:
                told.append(env.reset())
            for agent in env.agents:
                env.action_space(agent).seed(number)
            told.append(env.step({agent: env.action_space(agent).sample() for agent in env.agents}))
        else:
            env.action_space.seed(number)
            told.append(copy.deepcopy(env.step(env.action_space.sample())))
            if not hasattr(env, "num_envs") and (told[-1][2] or told[-1][3]):
                told.append(env.reset())
    return told


def child(env: Any, pipe: Any) -> None:
    pipe.send(take_steps(env, 5))
    pipe.close()


@pytest.mark.parametrize("sort", list(MAKERS))
def test_every_environment_can_be_copied_pickled_and_forked(sort: str) -> None:
    env = MAKERS[sort]()
    env.reset(seed=2)
    take_steps(env, 7)
    twins = [copy.deepcopy(env), pickle.loads(pickle.dumps(env))]
    told = []
    if hasattr(multiprocessing, "get_context"):
        here, there = multiprocessing.Pipe()
        process = multiprocessing.get_context("fork").Process(target=child, args=(env, there))
        process.start()
        told.append(here.recv() if here.poll(60) else "nothing came back")
        process.join(10)
        assert process.exitcode == 0
    told += [take_steps(twin, 5) for twin in twins]
    expected = take_steps(env, 5)
    for each in told:
        assert data_equivalence(each, expected, exact=True)


def test_batches_of_processes_of_gymnasium_run_it() -> None:
    env = AsyncVectorEnv([partial(gymnasium.make, ID, horizon=5)] * 2)
    env.reset(seed=0)
    for _ in range(8):
        told = env.step(np.zeros(2, int))
    assert told[4]["event"].shape == (2, 2)
    env.close()


def test_a_reset_that_is_refused_begins_nothing() -> None:
    env = kitchen_v0.vector_env(num_envs=2)
    with pytest.raises(BrigadeError, match="dish"):
        env.reset(seed=1, options={"order_script": ["nope"]})
    with pytest.raises(BrigadeError, match="have not begun"):
        env.step(np.zeros((2, 2), int))
    env.reset(seed=1)
    before = (env.game.state.seed.tolist(), env.game.state.episode.tolist())
    with pytest.raises(BrigadeError, match="a seed is a whole number"):
        env.reset(seed=[9, "x"], options={"reset_mask": np.array([True, True])})
    assert (env.game.state.seed.tolist(), env.game.state.episode.tolist()) == before


def test_partners_are_free_to_act_whatever_the_learners_actions_are_written_as() -> None:
    told = []
    for kind in (bool, np.uint8, np.int64):
        env = kitchen_v0.solo_vector_env(num_envs=2, partners="fsm", horizon=60)
        env.reset(seed=1)
        told.append(
            [env.step(np.zeros(2, kind))[4]["score"].tolist() for _ in range(30)] + [env.game.state.pos.tolist()]
        )
    assert told[0] == told[1] == told[2]


def test_seeds_below_nothing_are_seeds_everywhere() -> None:
    seen = kitchen_v0.solo_env().reset(seed=-3)[0]
    np.testing.assert_array_equal(seen, kitchen_v0.solo_vector_env(num_envs=2).reset(seed=-3)[0][0])


def test_a_script_is_of_one_episode() -> None:
    env = kitchen_v0.vector_env(num_envs=2, horizon=5, autoreset_mode="Disabled")
    env.reset(seed=1, options={"order_script": ["BeefBurger"] * 3})
    env.reset(options={"reset_mask": np.array([True, False])})
    assert env.game.state.script_length.tolist() == [0, 3]


def test_statistics_of_further_episodes_are_whole_with_next_step() -> None:
    env = RecordEpisodeStatistics(kitchen_v0.solo_vector_env(num_envs=1, horizon=4, autoreset_mode="NextStep"))
    env.reset(seed=0)
    ends = [
        info["episode"]["l"].tolist()
        for *_, info in (env.step(np.zeros(1, int)) for _ in range(15))
        if "episode" in info
    ]
    assert ends == [[4], [4], [4]]

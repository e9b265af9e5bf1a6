"""Training: the mathematics, exact resumption, what happens when it goes wrong, and that it learns."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rich.console import Console

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install 'brigade[rl]'")
pytest.importorskip("tensorboard", reason="training needs TensorBoard: pip install 'brigade[rl]'")

from brigade.agents.learned.checkpoint import CARD, NUMBERS, load, steps_of  # noqa: E402
from brigade.agents.learned.network_spec import NetworkSpec  # noqa: E402
from brigade.agents.learned.networks import Policy, sample  # noqa: E402
from brigade.agents.learned.tensors import packed, read_sealed  # noqa: E402
from brigade.batch.configuration.specs import KitchenChoice  # noqa: E402
from brigade.batch.running.jobs import run_jobs  # noqa: E402
from brigade.envs.kitchen.content import layout  # noqa: E402
from brigade.envs.kitchen.content.layout import ShapedSpec  # noqa: E402
from brigade.envs.kitchen.content.loading import load_kitchen  # noqa: E402
from brigade.envs.kitchen.interfaces.vector import KitchenVectorEnv  # noqa: E402
from brigade.envs.registry import BrigadeError  # noqa: E402
from brigade.experiments.rl.config import PROGRESS, ShapingSpec, TrainConfig  # noqa: E402
from brigade.experiments.rl.evaluation.evaluate import Returns, make_env  # noqa: E402
from brigade.experiments.rl.evaluation.players import AgentPlayer, PolicyPlayer, expand  # noqa: E402
from brigade.experiments.rl.evaluation.stages import stages  # noqa: E402
from brigade.experiments.rl.training import device as devices  # noqa: E402
from brigade.experiments.rl.training import train as training  # noqa: E402
from brigade.experiments.rl.training.log import Log  # noqa: E402
from brigade.experiments.rl.training.partners import Partners  # noqa: E402
from brigade.experiments.rl.training.population import _in_worker, train_seeds  # noqa: E402
from brigade.experiments.rl.training.ppo import advantages, clipped_objective  # noqa: E402
from brigade.experiments.rl.training.resume import RESUME, Progress  # noqa: E402
from brigade.experiments.rl.training.rollout import CpuRollout, Weights  # noqa: E402
from brigade.experiments.rl.training.train import Training, read_evaluation, train  # noqa: E402
from brigade.experiments.rl.training.training_folder import CONFIG, PARTNERS  # noqa: E402

CRAMPED = KitchenChoice(name="cramped_room", horizon=30, old_dynamics=True)
QUIET = Console(quiet=True)
KITCHENS = Path(layout.__file__).parent / "kitchens"


def small(out: Path, **changes: Any) -> TrainConfig:
    given = {
        "name": "small", "kitchen": CRAMPED.model_dump(), "network": {"hidden": [8]}, "kitchens": 8, "ticks": 10,
        "steps": 480, "checkpoints": 2, "episodes": 2, "out": str(out),
    }  # fmt: skip
    return TrainConfig.model_validate(given | changes)


def numbers(where: Path) -> dict[str, Any]:
    return dict(load(where)[0].state_dict())


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("name", TrainConfig.names())
def test_every_bundled_training_can_be_read(name: str) -> None:
    assert TrainConfig.load(name).name == name


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("ppo.epoch=3", "did you mean 'epochs'"),
        ("kitchen=cramped_rom", "did you mean 'cramped_room'"),
        ("seeds=0", "at least 1"),
        ("seeds=[1, 1]", "every seed once"),
        ("algorithm=clone", "needs `clone`"),
        ("clone={team: [fsm, fsm], seats: []}", "at least one seat"),
        ("clone={team: [fsm, fsm], seats: [-1]}", "counted from 0"),
        ("clone={team: [fsm, fsm], seats: [2]}", "has the seats 0 to 1"),
        ("device=gpu", "'auto', 'cpu' or 'cuda'"),
        ("backend=ray", "'torch' or 'rllib'"),
    ],
)
def test_mistakes_in_a_configuration_are_explained(change: str, complaint: str) -> None:
    with pytest.raises(BrigadeError, match=complaint):
        TrainConfig.load("selfplay_cramped_room", [change])


def test_a_clone_is_one_policy_for_all_seats() -> None:
    with pytest.raises(BrigadeError, match=r"network\.policies must be shared"):
        TrainConfig.load("clone_cramped_room", ["network.policies=separate"])


def test_advantages_are_the_sum_that_the_paper_says() -> None:
    random = torch.Generator().manual_seed(0)
    rewards, values, following = torch.randn(3, 6, 2, 2, generator=random)
    over = torch.zeros(6, 2, dtype=torch.bool)
    over[2, 0] = over[4, 1] = True
    gamma, lam = 0.9, 0.8
    delta = rewards + gamma * following - values
    expected = torch.zeros(6, 2, 2)
    for t in range(6):
        for k in range(2):
            for ahead in range(t, 6):
                expected[t, k] += (gamma * lam) ** (ahead - t) * delta[ahead, k]
                if over[ahead, k]:
                    break
    assert torch.allclose(advantages(rewards, values, following, over, gamma, lam), expected, atol=1e-6)


def test_the_objective_stops_rewarding_what_moves_too_far() -> None:
    ratio, advantage = torch.tensor([1.5, 0.5, 1.5, 0.5, 1.1]), torch.tensor([1.0, -1.0, -1.0, 1.0, 2.0])
    assert clipped_objective(ratio, advantage, 0.2).tolist() == pytest.approx([1.2, -0.8, -1.5, 0.5, 2.2])


def test_actions_are_drawn_with_their_probabilities() -> None:
    logits = torch.tensor([0.1, 0.2, 0.3, 0.05, 0.05, 0.3]).log().expand(40_000, 6)
    shares = np.bincount(sample(logits, torch.Generator().manual_seed(0)), minlength=6) / 40_000
    assert shares == pytest.approx([0.1, 0.2, 0.3, 0.05, 0.05, 0.3], abs=0.01)


@pytest.mark.parametrize("policies", ["shared", "separate"])
@pytest.mark.parametrize("critic", ["independent", "centralised"])
@pytest.mark.parametrize("shape", [(5,), (3, 4, 6)])
def test_networks_see_what_they_should(policies: Any, critic: Any, shape: tuple[int, ...]) -> None:
    policy = Policy(NetworkSpec(hidden=[8], channels=[4], policies=policies, critic=critic), shape, 2)
    seen = torch.rand(7, 2, *shape)
    logits, values = policy.logits(seen), policy.values(seen)
    assert (logits.shape, values.shape) == ((7, 2, 6), (7, 2))
    assert torch.allclose(policy.logits_of(1, seen[:, 1]), logits[:, 1])
    changed = seen.clone()
    changed[:, 1] += 1
    assert torch.equal(policy.logits(changed)[:, 0], logits[:, 0]), "actors see their own observation only"
    assert torch.equal(policy.values(changed)[:, 0], values[:, 0]) == (critic == "independent")


def test_a_rollout_keeps_last_observations_apart_from_first_ones() -> None:
    env = make_env(CRAMPED, 6, "features")
    rollout = CpuRollout(env, 70, 3)
    policy = Policy(NetworkSpec(hidden=[8]), env.single_observation_space.shape[1:], 2)
    batch, totals = rollout.gather(policy, torch.Generator().manual_seed(0), Weights(0.5, scale=0.1))
    assert totals.episodes == int(batch.over.sum()) == len(batch.final) >= 12
    ticks_left = -1  # the last feature is the share of the episode that is left
    assert (batch.final[..., ticks_left] == 0).all()
    ends = batch.over.nonzero().tolist()
    assert len({tick for tick, _ in ends}) > 6, "episodes begin at different times"
    for tick, k in ends:
        after = batch.observations[tick + 1, k] if tick + 1 < 70 else batch.last[k]
        assert (after[:, ticks_left] == 1).all()


def test_partners_have_the_other_seats() -> None:
    env = make_env(CRAMPED, 8, "features")
    policy = Policy(NetworkSpec(hidden=[8]), env.single_observation_space.shape[1:], 2)

    class Told(PolicyPlayer):
        def __init__(self, action: int):
            super().__init__(policy, None)
            self.action, self.seats = action, set[tuple[int, int]]()

        def act(self, game: Any, seen: Any, kitchens: Any, seats: Any) -> Any:
            self.seats |= set(zip(kitchens.tolist(), seats.tolist(), strict=True))
            return np.full(len(seen), self.action)

    team = [Told(4), Told(5)]
    rollout = CpuRollout(env, 20, 0, Partners(team, env.game))
    batch, _ = rollout.gather(policy, torch.Generator().manual_seed(0), Weights(1.0))
    assert batch.observations.shape[:3] == (20, 8, 1)
    assert rollout.seats[:, 0].tolist() == [0, 1] * 4
    assert team[0].seats == {(0, 1), (1, 0), (4, 1), (5, 0)}
    assert team[1].seats == {(2, 1), (3, 0), (6, 1), (7, 0)}
    with pytest.raises(BrigadeError, match=r"kitchens: 8 are too few for 5 partners.*at least 10"):
        Partners(team * 2 + team[:1], env.game)


def test_rule_agents_can_be_partners(tmp_path: Path) -> None:
    env = make_env(CRAMPED, 2, "features")
    partners = Partners([AgentPlayer(small(tmp_path, partners=["fsm"]).partners[0])], env.game)
    seen, _ = env.reset(seed=0)
    partners.begin(np.ones(2, np.bool_))
    acted = [partners.act(seen) for _ in range(3)]
    assert any(joint.any() for joint in acted)
    returns = train(small(tmp_path, partners=["fsm"], kitchens=2, steps=60), 0, QUIET)
    assert [each.team for each in returns] == ["seat 0 beside fsm", "seat 1 beside fsm"] * 2


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"network": {"hidden": [8], "policies": "separate", "critic": "centralised"}},
        {"observation": "planes", "network": {"hidden": [8], "channels": [2]}},
    ],
    ids=["one policy", "a policy for each seat", "planes"],
)
def test_an_interrupted_training_goes_on_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    straight, broken = small(tmp_path / "straight", **changes), small(tmp_path / "broken", **changes)
    train(straight, 5, QUIET)
    update, count = training.Training.update, iter(range(100))

    def interrupted(self: training.Training, log: Any) -> None:
        if next(count) == 4:  # one update after the checkpoint in the middle
            raise KeyboardInterrupt
        update(self, log)

    monkeypatch.setattr(training.Training, "update", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(broken, 5, QUIET)
    kept = steps_of(broken.run_folder(5))
    assert [folder.name.lstrip("0") for folder in kept] == ["", "240"]
    monkeypatch.undo()
    with pytest.raises(BrigadeError, match="--resume"):
        train(broken, 5, QUIET)
    train(broken, 5, QUIET, resume=True)
    for one, other in zip(steps_of(straight.run_folder(5)), steps_of(broken.run_folder(5)), strict=True):
        assert same(numbers(one), numbers(other)), one.name
    lines = [
        [json.loads(line) for line in (config.run_folder(5) / "progress.jsonl").read_text().splitlines()]
        for config in (straight, broken)
    ]
    assert [line["loss"] for line in lines[0]] == [line["loss"] for line in lines[1]]
    assert len(lines[0]) == 6


def test_resuming_refuses_another_training(tmp_path: Path) -> None:
    with pytest.raises(BrigadeError, match="nothing to resume"):
        train(small(tmp_path), 0, QUIET, resume=True)
    train(small(tmp_path), 0, QUIET)
    with pytest.raises(BrigadeError, match="holds another training: steps is 480 there and 960 here"):
        train(small(tmp_path, steps=960), 0, QUIET, resume=True)


def test_a_training_that_was_changed_on_disk_is_not_gone_on_with(tmp_path: Path) -> None:
    config = small(tmp_path)
    train(config, 0, QUIET)
    path = config.run_folder(0) / RESUME
    good = read_sealed(path)
    state = good["state"]
    changes: dict[str, dict[str, Any]] = {
        "seen": good["seen"].double(), "shaped": good["shaped"][:1], "policy": {}, "optimizer": {},
        "random": state["tick"], "progress": {"steps": "many", "more": 1},
        "state": {name: numbers for name, numbers in state.items() if name != "pos"},
    }  # fmt: skip
    beyond = {"pos": 20_000, "facing": 0, "held": -1, "item": 900, "order_dish": 99, "orders_open": 50, "random": -1,
              "tick": -3, "orders_seen": 2**31 - 1}  # fmt: skip
    inside = {name: {**state, name: torch.full_like(state[name], number)} for name, number in beyond.items()}
    for unsealed in (
        *({**good, name: odd} for name, odd in changes.items()),
        *({**good, "state": s} for s in inside.values()),
    ):
        path.write_bytes(packed(unsealed))  # as one that knows of no seals might
        with pytest.raises(BrigadeError, match=r"damaged|snapshot does not fit"):
            train(config, 0, QUIET, resume=True)
    path.write_bytes(packed({**good, "seal": "0" * 12}))
    with pytest.raises(BrigadeError, match="changed since it was written"):
        train(config, 0, QUIET, resume=True)
    path.write_bytes(packed(good))
    train(config, 0, QUIET, resume=True)


def test_a_training_from_before_there_were_backends_resumes_on_any_device(tmp_path: Path) -> None:
    config = small(tmp_path)
    train(config, 0, QUIET)
    path = tmp_path / "seed_0" / CONFIG
    old = json.loads(path.read_text())
    assert old == config.model_dump(mode="json"), "every default is filled in"
    del old["backend"], old["device"], old["seeds"], old["ppo"]["value_clip"]
    path.write_text(json.dumps(old))
    train(small(tmp_path, device="cpu"), 0, QUIET, resume=True)
    path.write_text(json.dumps(old | {"kitchens": 0}))
    with pytest.raises(BrigadeError, match=r"config\.json: kitchens: "):
        train(config, 0, QUIET, resume=True)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"kitchen_digest": "0"}, "'cramped_room' has changed since"),
        ({"labels_digest": "0"}, "observation 'features' has changed since"),
    ],
)
def test_resuming_refuses_a_kitchen_that_has_changed(tmp_path: Path, change: dict[str, str], complaint: str) -> None:
    config = small(tmp_path)
    train(config, 0, QUIET)
    card = steps_of(config.run_folder(0))[-1] / CARD
    card.write_text(json.dumps(json.loads(card.read_text()) | change))
    with pytest.raises(BrigadeError, match=complaint):
        train(config, 0, QUIET, resume=True)


def test_resuming_refuses_a_kitchen_of_ones_own_with_longer_episodes(tmp_path: Path) -> None:
    file, text = tmp_path / "mine.yaml", (KITCHENS / "cramped_room.yaml").read_text()
    file.write_text(text.replace("horizon: 400", "horizon: 30"))
    config = small(tmp_path, kitchen={"name": str(file)})
    train(config, 0, QUIET)
    file.write_text(text.replace("horizon: 400", "horizon: 40"))
    with pytest.raises(BrigadeError, match="cannot resume: the horizon of 'cramped_room' was 30 there, and is 40 now"):
        train(config, 0, QUIET, resume=True)


def test_resuming_does_not_need_what_it_started_from(tmp_path: Path) -> None:
    train(small(tmp_path / "first"), 0, QUIET)
    config = small(tmp_path / "second", start=str(tmp_path / "first" / "seed_0"))
    returns = train(config, 0, QUIET)
    shutil.rmtree(tmp_path / "first")
    assert train(config, 0, QUIET, resume=True) == returns


def test_resuming_refuses_another_population(tmp_path: Path) -> None:
    population = tmp_path / "population"
    train_seeds(small(population, seeds=[2, 10], parallel=1), QUIET)
    spec = {"name": "neural", "options": {"checkpoint": f"{population}/seed_*"}}
    config = small(tmp_path / "beside", partners=[spec])
    train(config, 0, QUIET)
    partners = [json.loads(line) for line in (config.run_folder(0) / PARTNERS).read_text().splitlines()]
    assert [each["agent"] for each in partners] == [f"neural(checkpoint={population}/seed_{k})" for k in (2, 10)]
    train(config, 0, QUIET, resume=True)
    path = steps_of(population / "seed_10")[-1] / NUMBERS
    numbers_before = path.read_bytes()
    shutil.copy(steps_of(population / "seed_2")[-1] / NUMBERS, path)
    with pytest.raises(BrigadeError, match=r"cannot resume: the partners .*seed_10\) changed"):
        train(config, 0, QUIET, resume=True)
    path.write_bytes(numbers_before)
    shutil.copytree(population / "seed_2", population / "seed_11")
    with pytest.raises(BrigadeError, match=r"seed_11\) changed, came or went"):
        train(config, 0, QUIET, resume=True)


def test_what_was_cut_off_in_its_first_checkpoint_can_be_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(*_: Any) -> None:
        raise BrigadeError("the disk is full")

    console = Console(record=True, width=200)
    monkeypatch.setattr(training, "save_training", cut_off)
    with pytest.raises(BrigadeError, match="disk is full"):
        train(small(tmp_path), 0, console)
    monkeypatch.undo()
    folder = tmp_path / "seed_0"
    assert steps_of(folder)
    assert not (folder / RESUME).exists()
    assert "--resume" not in console.export_text()
    train(small(tmp_path), 0, QUIET)
    with pytest.raises(BrigadeError, match="holds a training already"):
        train(small(tmp_path), 0, QUIET)


@pytest.fixture
def with_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch and Numba say that there is one."""
    monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(devices.cuda, "available", lambda: True)
    monkeypatch.setattr(devices.cuda, "SIMULATED", False)


@pytest.mark.usefixtures("with_a_gpu")
def test_a_gpu_is_used_where_there_is_one_unless_the_cpu_is_wished_for() -> None:
    assert [devices.choose_device(wish).type for wish in ("auto", "cuda", "cpu")] == ["cuda", "cuda", "cpu"]


@pytest.mark.parametrize(
    ("where", "name", "value", "complaint"),
    [
        (torch.backends.cuda, "is_built", lambda: False, "built without CUDA"),
        (torch.cuda, "is_available", lambda: False, "PyTorch finds no NVIDIA GPU"),
        (devices.cuda, "SIMULATED", True, "NUMBA_ENABLE_CUDASIM is set"),
        (devices.cuda, "available", lambda: False, "Numba cannot compile"),
    ],
)
@pytest.mark.usefixtures("with_a_gpu")
def test_without_a_gpu_it_says_what_is_missing_and_auto_takes_the_cpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: Any, name: str, value: Any, complaint: str
) -> None:
    monkeypatch.setattr(where, name, value)
    assert devices.choose_device("auto").type == "cpu"
    with pytest.raises(BrigadeError, match=complaint):
        train(small(tmp_path / "wished", device="cuda"), 0, QUIET)
    assert not (tmp_path / "wished").exists(), "nothing is written"


def test_without_a_gpu_there_is_nothing_to_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    from brigade.experiments.bench.bench_gpu import bench_gpu

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(BrigadeError, match="no GPU can be used"):
        bench_gpu(QUIET)


def test_rllib_is_asked_where_it_is_wished_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int, bool]] = []

    def train_with_rllib(config: TrainConfig, seed: int, console: Console, resume: bool = False) -> None:
        asked.append((config.backend, seed, resume))
        (config.run_folder(seed)).mkdir(parents=True)
        training.keep_evaluation(
            config.run_folder(seed), [Returns("self-play", "greedy", [20], 1.0)], Progress(), "cpu"
        )

    monkeypatch.setitem(
        sys.modules, "brigade.experiments.rl.ray.rllib", SimpleNamespace(train_with_rllib=train_with_rllib)
    )
    returns = train(small(tmp_path, backend="rllib"), 4, QUIET)
    assert asked == [("rllib", 4, False)]
    assert returns == [Returns("self-play", "greedy", [20], 1.0)]


def test_a_diverging_loss_stops_and_keeps_the_last_good_checkpoint(tmp_path: Path) -> None:
    wild = small(tmp_path, ppo={"learning_rate": 1e30, "max_gradient": 1e30}, checkpoints=1)
    with pytest.raises(BrigadeError, match="diverged at environment step"):
        train(wild, 0, QUIET)
    assert all(tensor.isfinite().all() for tensor in numbers(tmp_path / "seed_0").values())


def test_a_policy_that_its_last_step_ruined_is_not_kept(tmp_path: Path) -> None:
    once = {"learning_rate": 1e38, "max_gradient": 1e30, "epochs": 1, "minibatches": 1}
    with pytest.raises(BrigadeError, match=r"diverged at environment step 80: .* not finite; try a smaller ppo"):
        train(small(tmp_path, steps=80, checkpoints=1, ppo=once), 0, QUIET)
    assert [int(each.name) for each in steps_of(tmp_path / "seed_0")] == [0]
    assert all(tensor.isfinite().all() for tensor in numbers(tmp_path / "seed_0").values())


def test_a_line_cut_off_anywhere_does_not_keep_a_training_from_going_on(tmp_path: Path) -> None:
    lines = [json.dumps({"step": step, "episode": {}, "loss": {"kl": 0.0}}) for step in (80, 160, 240)]
    (tmp_path / PROGRESS).write_text("\n".join([*lines[:2], lines[2].removesuffix("}")]))
    with Log(tmp_path, 480, 160, QUIET, "small"):
        pass
    kept = [json.loads(line) for line in (tmp_path / PROGRESS).read_text().splitlines()]
    assert kept == [json.loads(line) for line in lines[:2]]


def test_tensorboard_without_room_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from torch.utils.tensorboard import SummaryWriter

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(SummaryWriter, "close", full)
    with pytest.raises(BrigadeError, match="tensorboard: cannot be written: No space left on device"):
        train(small(tmp_path / "closing"), 0, QUIET)
    wild = small(tmp_path / "wild", ppo={"learning_rate": 1e30, "max_gradient": 1e30}, checkpoints=1)
    with pytest.raises(BrigadeError, match="diverged"):
        train(wild, 0, QUIET)
    monkeypatch.setattr(SummaryWriter, "add_scalar", full)
    with pytest.raises(BrigadeError, match="tensorboard: cannot be written: No space left on device"):
        train(small(tmp_path / "adding"), 0, QUIET)


def test_a_full_disk_is_told_and_keeps_the_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fsync = os.fsync

    def full(file: int) -> None:
        if steps_of(tmp_path / "seed_0"):
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(file)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BrigadeError, match="cannot be written: No space left on device"):
        train(small(tmp_path), 0, QUIET)
    assert numbers(tmp_path / "seed_0")


def test_the_same_seed_gives_the_same_policy_and_another_seed_another(tmp_path: Path) -> None:
    config = small(tmp_path, seeds=2, parallel=1)
    train_seeds(config, QUIET)
    train_seeds(small(tmp_path / "again"), QUIET)
    assert same(numbers(tmp_path / "seed_0"), numbers(tmp_path / "again" / "seed_0"))
    assert not same(numbers(tmp_path / "seed_0"), numbers(tmp_path / "seed_1"))


@pytest.mark.outer
def test_seeds_side_by_side_give_the_same_policies(tmp_path: Path) -> None:
    train_seeds(small(tmp_path / "one", seeds=2, parallel=1), QUIET)
    returns = train_seeds(small(tmp_path / "both", seeds=2, parallel=2), QUIET)
    assert list(returns) == [0, 1]
    for seed in range(2):
        assert same(numbers(tmp_path / "one" / f"seed_{seed}"), numbers(tmp_path / "both" / f"seed_{seed}"))


@pytest.mark.outer
def test_a_seed_whose_process_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    config = small(tmp_path / "killed", seeds=2)

    def killed(seed: int) -> list[Returns]:
        update = Training.update

        def then_killed(self: Training, log: Any) -> None:
            update(self, log)
            self.save(config.run_folder(seed))
            os.kill(os.getpid(), signal.SIGKILL)

        Training.update = then_killed  # type: ignore[method-assign]
        return train(config, seed, Console(quiet=True))

    outcomes = dict(run_jobs(killed, [0, 1], 1, again=partial(_in_worker, config, True)))
    train_seeds(small(tmp_path / "whole", seeds=2, parallel=1), QUIET)
    for seed in range(2):
        assert outcomes[seed] == read_evaluation(tmp_path / "whole" / f"seed_{seed}")
        assert same(numbers(tmp_path / "killed" / f"seed_{seed}"), numbers(tmp_path / "whole" / f"seed_{seed}"))
    (told,) = dict(run_jobs(lambda _: os.kill(os.getpid(), signal.SIGKILL), [0], 1)).values()
    assert str(told) == "its process was killed again and again"
    told, fine = dict(run_jobs(lambda x: 1 / x, [0, 1], 1)).values()
    assert (str(told), fine) == ("ZeroDivisionError: division by zero", 1.0)


def test_a_seed_that_cannot_be_trained_leaves_the_others_alone(tmp_path: Path) -> None:
    train_seeds(small(tmp_path, seeds=[1]), QUIET)
    with pytest.raises(BrigadeError, match=r"^seed 1: .* holds a training already"):
        train_seeds(small(tmp_path, seeds=[1, 2], parallel=1), QUIET)
    assert numbers(tmp_path / "seed_2")


def test_the_past_of_a_training_has_three_levels_of_skill(tmp_path: Path) -> None:
    with pytest.raises(BrigadeError, match="at least two"):
        stages(tmp_path)
    config = small(tmp_path, checkpoints=6)
    train(config, 0, QUIET)
    run = config.run_folder(0)
    lines = [json.loads(line) for line in (run / PROGRESS).read_text().splitlines()]
    for line, earned in zip(lines, [None, 0.0, 40.0, 90.0, 100.0, 100.0], strict=True):
        line["episode"]["returns"] = earned
    (run / PROGRESS).write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert [int(folder.name) for folder in stages(run)] == [0, 320, 480]
    spec = {"name": "neural", "options": {"checkpoint": f"{tmp_path}/seed_*", "past": True}}
    assert len(expand(small(tmp_path, partners=[spec]).partners)) == 3


def test_it_learns_to_deliver(tmp_path: Path) -> None:
    config = TrainConfig.load("selfplay_cramped_room", ["steps=400000", f"out={tmp_path}", "shaping.anneal=null"])
    returns = {each.mode: each.mean for each in train(config, 0, QUIET)}
    assert returns["sampled"] > 20, returns


def test_partners_with_tastes_of_their_own_are_paid_for_them() -> None:
    kitchen = load_kitchen("cramped_room")
    tastes = ShapingSpec(drawn=10, anneal=None)
    drawn = [tastes.kitchen_of(kitchen, seed) for seed in range(5)]
    worth = [tuple(each.layout.shaped.tolist()) for each in drawn]
    assert len(set(worth)) > 1
    assert tuple(tastes.kitchen_of(kitchen, 3).layout.shaped.tolist()) == worth[3]
    assert ShapingSpec().kitchen_of(kitchen, 3) is kitchen
    given = ShapingSpec(events=ShapedSpec(place=-7, plate=0, collect=2)).kitchen_of(kitchen, 0)
    paid, usual = KitchenVectorEnv(given, 64), KitchenVectorEnv("cramped_room", 64)
    totals = {"own": set(), "usual": set()}
    for env, name in ((paid, "own"), (usual, "usual")):
        env.reset(seed=0)
        random = np.random.default_rng(0)
        for _ in range(400):
            *_, info = env.step(random.integers(0, 6, (64, 2)))
            totals[name] |= set(info["shaped_reward"].ravel().tolist())
    assert totals == {"own": {0.0, -7.0, 2.0}, "usual": {0.0, 3.0, 5.0}}
    assert kitchen.layout.shaped.tolist() == [0, 3, 3, 5], "the kitchen itself stays as it is"
    with pytest.raises(ValueError, match="not both"):
        ShapingSpec(events=ShapedSpec(), drawn=3)

"""Trained policies as agents: they play what they learned, and refuse what they were not made for."""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

torch = pytest.importorskip("torch", reason="learned policies need PyTorch: pip install 'brigade[rl]'")

from safetensors.torch import load_file, save_file  # noqa: E402

from brigade.agents.base import agents, make_agent  # noqa: E402
from brigade.agents.learned import checkpoint as checkpoints  # noqa: E402
from brigade.agents.learned.checkpoint import (  # noqa: E402
    CARD,
    NUMBERS,
    OLD_NUMBERS,
    check_fits,
    load,
    make_card,
    read_card,
    save,
    steps_of,
)
from brigade.agents.learned.network_spec import NetworkSpec  # noqa: E402
from brigade.agents.learned.networks import Policy  # noqa: E402
from brigade.agents.learned.onnx_export import export_onnx, has_memory  # noqa: E402
from brigade.batch.configuration.specs import AgentSpec, KitchenChoice  # noqa: E402
from brigade.envs import kitchen_v0  # noqa: E402
from brigade.envs.kitchen.content.loading import list_kitchens, load_kitchen  # noqa: E402
from brigade.envs.kitchen.engine.game import Game  # noqa: E402
from brigade.envs.kitchen.engine.state import allocate, read_described  # noqa: E402
from brigade.envs.kitchen.observations.observe import make_observer  # noqa: E402
from brigade.envs.registry import BrigadeError  # noqa: E402
from brigade.experiments.kitchen.run.config import RunConfig  # noqa: E402
from brigade.experiments.kitchen.run.run import run  # noqa: E402
from brigade.experiments.rl.config import TrainConfig  # noqa: E402
from brigade.experiments.rl.evaluation.crossplay import CrossplayConfig, crossplay  # noqa: E402
from brigade.experiments.rl.evaluation.evaluate import play_batch  # noqa: E402
from brigade.experiments.rl.evaluation.matrix import PICTURE, SUMMARY, interquartile_mean, proximity, show  # noqa: E402
from brigade.experiments.rl.evaluation.players import (  # noqa: E402
    AgentPlayer,
    PolicyPlayer,
    identity,
)
from brigade.experiments.rl.training.clone import clone  # noqa: E402
from brigade.experiments.rl.training.demonstrations import demonstrations  # noqa: E402
from brigade.experiments.rl.training.device import describe  # noqa: E402
from brigade.experiments.rl.training.train import train  # noqa: E402
from brigade.experiments.rl.training.training_folder import CONFIG, EVALUATION  # noqa: E402
from brigade.simulation.episode import play  # noqa: E402
from brigade.simulation.recording import RecordingWriter, make_header, read_recording  # noqa: E402

QUIET = Console(quiet=True)
BUNDLED_POLICIES = sorted(folder.name for folder in checkpoints.BUNDLED.iterdir())
CRAMPED = KitchenChoice(name="cramped_room", horizon=40)


def made(folder: Path, kitchen: str = "cramped_room", seed: int = 0, observation: str = "features") -> Path:
    """A checkpoint of a policy that has learned nothing, but has opinions."""
    torch.manual_seed(seed)
    loaded = load_kitchen(kitchen)
    card = make_card(loaded, observation, NetworkSpec(hidden=[8], channels=[2]))
    policy = Policy(card.network, card.shape, loaded.chefs)
    with torch.no_grad():
        policy.actors[0][-1].weight *= 200
        next(iter(policy.actors[0].parameters())).mul_(5)
    save(folder, policy, card)
    return folder


@pytest.mark.parametrize("kitchen", list_kitchens())
@pytest.mark.parametrize("observation", ["features", "planes"])
def test_what_is_read_from_words_looks_the_same(kitchen: str, observation: str) -> None:
    game = Game(kitchen)
    game.reset([3])
    observer = make_observer(observation, game.kitchen)
    state, seen, read = allocate(game.kitchen, 1), observer.buffer(1), observer.buffer(1)
    random = np.random.default_rng(0)
    for _ in range(200):
        observer.write(game.state, seen, 0, 1)
        read_described(game.kitchen, state, game.describe())
        observer.write(state, read, 0, 1)
        assert np.array_equal(seen, read)
        game.step(random.choice([0, 1, 2, 3, 4, 5, 5, 5], (1, game.kitchen.chefs)))


@pytest.mark.parametrize("observation", ["features", "planes"])
def test_the_agent_plays_as_the_policy_does_in_a_batch(tmp_path: Path, observation: str) -> None:
    where = made(tmp_path, observation=observation)
    kitchen = CRAMPED.load()
    agent = {"checkpoint": str(where), "greedy": True}
    played = play(kitchen, [make_agent("neural", **agent), make_agent("neural", **agent)], seed=0)
    policy, _ = load(where, kitchen)
    chosen: list[str] = []

    class Noted(PolicyPlayer):
        def act(self, *given: Any) -> Any:
            actions = super().act(*given)
            chosen.append(str(actions[0]))
            return actions

    play_batch(CRAMPED, [Noted(policy, None), Noted(policy, None)], observation, 1)
    assert ["".join(chosen[0::2]), "".join(chosen[1::2])] == played.actions


@pytest.mark.parametrize("name", BUNDLED_POLICIES)
def test_bundled_policies_cook(name: str) -> None:
    kitchen = load_kitchen(name)
    load(name, kitchen)
    assert play(kitchen, [make_agent("neural", checkpoint=name) for _ in range(2)], seed=0).score >= 180


def test_bundled_policies_are_small() -> None:
    assert set(BUNDLED_POLICIES) == {"cramped_room", "coordination_ring", "new_counter_circuit"}
    assert sum(file.stat().st_size for file in checkpoints.BUNDLED.rglob("*")) < 2_000_000


def test_it_plays_in_batch_runs_and_can_be_cloned_from_them(tmp_path: Path) -> None:
    where = made(tmp_path / "policy")
    file = tmp_path / "run.yaml"
    file.write_text(
        f"name: played\nkitchens: [{{name: cramped_room, horizon: 120}}]\nray: {{workers: 0}}\nseeds: 2\n"
        f"teams: [[fsm, {{name: neural, options: {{checkpoint: {where}}}}}]]\nout: {tmp_path / 'results'}\n"
    )
    run(RunConfig.load(str(file)), QUIET)
    config = TrainConfig.model_validate(
        {
            "name": "clone", "algorithm": "clone", "kitchen": {"name": "cramped_room", "horizon": 120},
            "clone": {"results": [str(tmp_path / "results")], "seats": [0], "epochs": 60, "batch": 32},
            "episodes": 2, "out": str(tmp_path / "clone"),
        }
    )  # fmt: skip
    console = Console(record=True, width=100)
    clone(config, 0, console)
    assert float(console.export_text().split("learned, agreement ")[1].split()[0]) > 0.5
    elsewhere = {"kitchen": KitchenChoice(name="coordination_ring")}
    with pytest.raises(BrigadeError, match=r"holds another training: kitchen\.name is"):
        clone(config.model_copy(update=elsewhere), 0, QUIET)
    with pytest.raises(BrigadeError, match="none of its 2 episodes"):
        clone(config.model_copy(update={**elsewhere, "out": str(tmp_path / "ring")}), 0, QUIET)


def test_a_clone_of_the_state_machine_cooks(tmp_path: Path) -> None:
    config = TrainConfig.model_validate(
        {
            "name": "clone", "algorithm": "clone", "kitchen": "cramped_room", "out": str(tmp_path), "episodes": 4,
            "clone": {"team": ["fsm", "fsm"], "episodes": 12, "noise": 0.1, "epochs": 50},
        }
    )  # fmt: skip
    returns = {each.mode: each.mean for each in clone(config, 0, QUIET)}
    assert returns["sampled"] >= 20, returns


def quick_clone(out: Path, **changes: Any) -> TrainConfig:
    given = {
        "name": "clone", "algorithm": "clone", "kitchen": CRAMPED.model_dump(), "out": str(out), "episodes": 2,
        "clone": {"team": ["fsm", "fsm"], "episodes": 2, "epochs": 2}, "network": {"hidden": [8]},
    }  # fmt: skip
    return TrainConfig.model_validate(given | changes)


def test_a_clone_leaves_what_a_training_leaves_and_keeps_off_others(tmp_path: Path) -> None:
    config = quick_clone(tmp_path)
    returns = clone(config, 0, QUIET)
    folder = config.run_folder(0)
    assert json.loads((folder / CONFIG).read_text()) == config.model_dump(mode="json")
    assert json.loads((folder / EVALUATION).read_text())["hardware"]["device"] == describe(torch.device("cpu"))
    assert clone(config, 0, QUIET) == returns, "the same clone may be made again"
    with pytest.raises(BrigadeError, match=r"holds another training: clone\.episodes is 2 there and 3 here"):
        clone(quick_clone(tmp_path, clone={"team": ["fsm", "fsm"], "episodes": 3}), 0, QUIET)
    with pytest.raises(BrigadeError, match="holds a training already"):
        train(config.model_copy(update={"algorithm": "ppo"}), 0, QUIET)
    (folder / CONFIG).unlink()
    with pytest.raises(BrigadeError, match="holds a training already"):
        clone(config, 0, QUIET)


def test_a_clone_that_diverges_is_not_kept(tmp_path: Path) -> None:
    wild = {"team": ["fsm", "fsm"], "episodes": 2, "epochs": 3, "learning_rate": 1e38}
    with pytest.raises(BrigadeError, match=r"diverged at .* try a smaller clone\.learning_rate"):
        clone(quick_clone(tmp_path, clone=wild), 0, QUIET)
    assert not steps_of(tmp_path / "seed_0")


def test_a_clone_cannot_wish_for_a_gpu_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: False)
    with pytest.raises(BrigadeError, match="built without CUDA"):
        clone(quick_clone(tmp_path / "clone", device="cuda"), 0, QUIET)
    assert not (tmp_path / "clone").exists()


def test_a_policy_for_something_else_is_refused(tmp_path: Path) -> None:
    where = made(tmp_path)
    with pytest.raises(BrigadeError, match="trained in kitchen 'cramped_room', and this is 'coordination_ring'"):
        load(where, load_kitchen("coordination_ring"))
    with pytest.raises(BrigadeError, match="old_dynamics"):
        load(where, load_kitchen("cramped_room", old_dynamics=False))
    load(where, load_kitchen("cramped_room", 77))  # the length of an episode may differ
    card = read_card(where)
    with pytest.raises(BrigadeError, match="has changed since the policy was trained in it"):
        check_fits(card.model_copy(update={"kitchen_digest": "0"}), load_kitchen("cramped_room"), where)
    with pytest.raises(BrigadeError, match="observation 'features' has changed"):
        check_fits(card.model_copy(update={"labels_digest": "0"}), load_kitchen("cramped_room"), where)


def test_damaged_checkpoints_are_explained(tmp_path: Path) -> None:
    with pytest.raises(BrigadeError, match="no checkpoint"):
        load(tmp_path)
    where = made(tmp_path)
    text, content = (where / CARD).read_text(), (where / NUMBERS).read_bytes()
    (where / CARD).write_text(json.dumps(json.loads(text) | {"version": 99}))
    with pytest.raises(BrigadeError, match="written by a newer Brigade"):
        load(where)
    (where / CARD).write_text(text[:50])
    with pytest.raises(BrigadeError, match="not valid JSON"):
        load(where)
    (where / CARD).write_text(text.replace('"tanh"', '"tan"'))
    with pytest.raises(BrigadeError, match="activation"):
        load(where)
    (where / CARD).write_text(text)
    for bad in (b"", content[:200], pickle.dumps(print, protocol=2)):
        (where / NUMBERS).write_bytes(bad)
        with pytest.raises(BrigadeError, match="damaged"):
            load(where)


def test_checkpoints_of_earlier_revisions_are_read(tmp_path: Path) -> None:
    where = made(tmp_path)
    policy, _ = load(where)
    weights = dict(policy.state_dict())
    assert {name: tensor.tolist() for name, tensor in load_file(where / NUMBERS).items()} == {
        name: tensor.tolist() for name, tensor in weights.items()
    }
    (where / NUMBERS).unlink()
    torch.save(weights, where / OLD_NUMBERS)
    again, _ = load(where)
    assert all(torch.equal(tensor, weights[name]) for name, tensor in again.state_dict().items())
    torch.save(dict.fromkeys(weights, "a word"), where / OLD_NUMBERS)
    with pytest.raises(BrigadeError, match=r"policy\.pt: damaged"):
        load(where)
    (where / OLD_NUMBERS).write_bytes(b"nothing")
    with pytest.raises(BrigadeError, match=r"policy\.pt: cannot be read"):
        load(where)


def test_a_missing_torch_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = made(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BrigadeError, match=r"brigade\[rl\]"):
        make_agent("neural", checkpoint=str(where))


def test_crossplay_plays_every_pair_once_and_goes_on(tmp_path: Path) -> None:
    for seed in range(2):
        made(tmp_path / "policies" / str(seed), seed=seed)
    config = CrossplayConfig.model_validate(
        {
            "name": "cross", "kitchen": {"name": "cramped_room", "horizon": 60}, "episodes": 2, "workers": 0,
            "policies": {"own": {"name": "neural", "options": {"checkpoint": str(tmp_path / "policies" / "*")}},
                         "fsm": "fsm"},
            "out": str(tmp_path / "out"),
        }
    )  # fmt: skip
    result = crossplay(config, QUIET)
    assert result.policies == ["own 0", "own 1", "fsm"]
    assert len(result.scores) == 9
    file = tmp_path / "out" / "pairs.jsonl"
    lines = file.read_text().splitlines()
    assert len(lines) == 10
    file.write_text("\n".join(lines[:5]) + "\n" + lines[5][:20])
    again = crossplay(config, QUIET)
    assert again.scores == result.scores
    assert len(file.read_text().splitlines()) == 10
    show(result, tmp_path / "out", QUIET)
    assert (tmp_path / "out" / PICTURE).read_bytes().startswith(b"\x89PNG")
    assert np.shape(json.loads((tmp_path / "out" / SUMMARY).read_text())["returns"]) == (3, 3, 2)
    with pytest.raises(
        BrigadeError, match=r"another cross-play: episodes is 2 there and 3 here; .*No more can be added"
    ):
        crossplay(config.model_copy(update={"episodes": 3}), QUIET)


def crossed(folder: Path, **changes: Any) -> CrossplayConfig:
    given = {
        "name": "cross", "kitchen": {"name": "cramped_room", "horizon": 20}, "episodes": 1, "workers": 0,
        "policies": {"own": saved(folder / "seed_*")}, "out": str(folder / "out"),
    }  # fmt: skip
    return CrossplayConfig.model_validate(given | changes)


def saved(where: Path) -> dict[str, Any]:
    return {"name": "neural", "options": {"checkpoint": str(where)}}


def test_crossplay_does_not_mix_what_was_trained_again_with_what_was_played(tmp_path: Path) -> None:
    for seed in (2, 10):
        made(tmp_path / f"seed_{seed}", seed=seed)
    result = crossplay(crossed(tmp_path), QUIET)
    assert result.policies == ["own 2", "own 10"]
    made(tmp_path / "seed_10", seed=3)
    with pytest.raises(BrigadeError, match=r"own 10 has changed since .*; choose another folder with out=DIR"):
        crossplay(crossed(tmp_path), QUIET)


def test_crossplay_knows_whom_a_label_stands_for(tmp_path: Path) -> None:
    for seed in range(2):
        made(tmp_path / f"seed_{seed}", seed=seed)
    best = {"own 1": saved(tmp_path / "seed_0")}
    assert crossplay(crossed(tmp_path, best_responses=best), QUIET).best == {"own 1": "best response to own 1"}
    for label in ("own", "own 2"):
        with pytest.raises(BrigadeError, match=f"best_responses: unknown partner '{label}'"):
            crossplay(crossed(tmp_path, best_responses={label: saved(tmp_path / "seed_0")}), QUIET)
    with pytest.raises(BrigadeError, match=r"'own 0' stands for neural.*seed_0.* and for fsm"):
        crossplay(crossed(tmp_path, partners={"own 0": "fsm"}), QUIET)


def test_best_response_proximity() -> None:
    from brigade.experiments.rl.evaluation.crossplay import Crossplay

    scores = {("a", "a"): [100], ("a", "b"): [40, 60], ("b", "a"): [100], ("b", "b"): [200], ("c", "a"): [0],
              ("a", "c"): [0], ("c", "b"): [0], ("b", "c"): [0], ("c", "c"): [0]}  # fmt: skip
    result = Crossplay(["a", "b", "c"], ["a", "b", "c"], scores, {})
    near = proximity(result, "a")
    assert near.left_out == 2, "nothing can be earned with c"
    assert near.proximity == pytest.approx((50 / 200 + 100 / 200) / 2)
    assert interquartile_mean([0, 1, 2, 100]) == pytest.approx(1.5)
    assert interquartile_mean([3]) == 3


def test_what_people_did_is_learned_from_their_recordings(tmp_path: Path) -> None:
    kitchen = load_kitchen("cramped_room", horizon=50)  # people play shorter games
    seats = [{"name": "person", "options": {}, "human": True}, {"name": "fsm", "options": {}}]
    clock = {"kind": "real", "hz": 4.0}
    for seed in range(2):
        recorder = RecordingWriter(
            tmp_path / f"{seed}.jsonl.zst", make_header(kitchen, seed, None, seats, "both", clock)
        )
        play(kitchen, [make_agent("random"), make_agent("fsm")], seed, recorder=recorder)
    config = TrainConfig.model_validate(
        {"name": "people", "algorithm": "clone", "kitchen": "cramped_room",
         "clone": {"results": [str(tmp_path)], "seats": "people"}}
    )  # fmt: skip
    assert config.clone is not None
    shown = list(demonstrations(config, config.clone, load_kitchen("cramped_room"), 0))
    assert [len(done) for _, done in shown] == [50, 50]
    did = [line.actions[0] for line in read_recording(tmp_path / "0.jsonl.zst").ticks]
    assert shown[0][1].tolist() == did
    with pytest.raises(BrigadeError, match="none of its 2 recordings with people in it is of 'coordination_ring'"):
        list(demonstrations(config, config.clone, load_kitchen("coordination_ring"), 0))


@pytest.mark.parametrize(
    ("name", "training"),
    [("cramped_room", "selfplay_cramped_room"), ("coordination_ring", "selfplay_coordination_ring")],
)
def test_bundled_policies_are_of_the_trainings_that_the_docs_name(name: str, training: str) -> None:
    card = read_card(checkpoints.BUNDLED / name)
    assert card.training == TrainConfig.load(training, []).important() | {"seed": 1}
    assert card.revision is not None
    assert not card.revision.endswith("+changed")


@pytest.mark.parametrize(
    ("answer", "told"), [(lambda: float("nan"), "it answered nan"), (sys.exit, "SystemExit while acting")]
)
def test_a_partner_that_breaks_the_protocol_is_named(answer: Any, told: str) -> None:
    class Breaks:
        def reset(self, view: Any) -> None:
            pass

        def act(self, observation: Any) -> Any:
            return answer()

    agents.register("breaks_beside_learners", "breaks")(Breaks)
    try:
        game, seats = Game(load_kitchen("cramped_room")), np.zeros(1, np.int64)
        game.reset([0])
        player = AgentPlayer(AgentSpec(name="breaks_beside_learners"))
        player.begin(game, seats, seats)
        with pytest.raises(BrigadeError, match=f"agent 'breaks_beside_learners': {told}"):
            player.act(game, seats, seats, seats)
    finally:
        agents.forget(__name__)


def test_policies_are_written_as_onnx(tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime", reason="pip install 'brigade[clients]'")
    pytest.importorskip("onnxscript")
    planes = made(tmp_path / "planes", observation="planes")
    for where, observation in (("cramped_room", "features"), (str(planes), "planes")):
        policy, card = load(where)
        export_onnx(where, tmp_path / "chef.onnx")
        session = runtime.InferenceSession(tmp_path / "chef.onnx")
        told = json.loads(session.get_modelmeta().custom_metadata_map["brigade.card"])
        assert told["shape"] == card.shape
        env = kitchen_v0.vector_env(kitchen="cramped_room", num_envs=5, observation=observation, old_dynamics=True)
        seen = env.reset(seed=1)[0][:, 0].copy()
        for batch in (seen, seen[:1]):
            (logits,) = session.run(None, {"observation": batch})
            np.testing.assert_allclose(logits, policy.logits_of(0, torch.from_numpy(batch)).numpy(), atol=1e-5)


class Remembers(Policy):
    """A policy with recurrent layers."""

    def network(self, shape: tuple[int, ...], outputs: int) -> torch.nn.Module:
        return torch.nn.Sequential(super().network(shape, outputs), torch.nn.GRU(outputs, outputs))


def test_policies_with_memory_are_not_written_as_onnx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxscript", reason="pip install 'brigade[clients]'")
    where = made(tmp_path)
    with pytest.raises(BrigadeError, match="no seat 2; expected 0 to 1"):
        export_onnx(where, tmp_path / "chef.onnx", seat=2)
    policy, card = load(where)
    assert not has_memory(policy)
    for other in (Remembers(NetworkSpec(), (4,), 2), policy):
        if other is policy:
            policy.memory = True  # as a policy of others would say
        monkeypatch.setattr("brigade.agents.learned.onnx_export.load", lambda _, found=other: (found, card))
        with pytest.raises(BrigadeError, match="has a memory"):
            export_onnx(where, tmp_path / "chef.onnx")
    assert not (tmp_path / "chef.onnx").exists()


@pytest.mark.parametrize("change", [lambda t: t.to(torch.int8), lambda t: t * float("nan"), lambda t: t.double()])
def test_weights_that_are_no_weights_are_refused(change: Any, tmp_path: Path) -> None:
    where = made(tmp_path)
    weights = load_file(where / NUMBERS)
    name = next(iter(weights))
    save_file({**weights, name: change(weights[name])}, where / NUMBERS)
    with pytest.raises(BrigadeError, match="damaged: expected finite numbers of type float32 for actors"):
        load(where)


def test_a_policy_by_name_is_known_by_what_it_has_learned() -> None:
    named = identity(AgentSpec.model_validate("trained:cramped_room"))
    described = identity(AgentSpec.model_validate({"name": "neural", "options": {"checkpoint": "cramped_room"}}))
    assert named["digest"] == described["digest"] is not None

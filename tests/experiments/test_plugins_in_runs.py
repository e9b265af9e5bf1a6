"""Plug-ins of a configuration: imported wherever something is played, recorded, and never by what only reads."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from brigade.batch.configuration.config import Configuration
from brigade.envs.registry import BrigadeError, Registry
from brigade.experiments.kitchen.run.config import RunConfig
from brigade.experiments.kitchen.run.run import run
from brigade.experiments.kitchen.run.verify import verify_file
from brigade.experiments.prover_verifier.config import PvgConfig
from brigade.experiments.prover_verifier.run import run_pvg
from brigade.experiments.rl.config import TrainConfig
from brigade.human_play.study.progress import StudyFolder, read_study
from brigade.human_play.study.study import StudySpec
from brigade.human_play.verifier.config import JudgingConfig
from brigade.human_play.verifier.session import JudgingSession

QUIET = Console(quiet=True)
LOG = "imported"  # a line with the process in it, each time the plug-in is imported
PLUGIN = f"""
import os, pathlib
with (pathlib.Path(__file__).parent / {LOG!r}).open("a") as log:
    log.write(f"{{os.getpid()}}\\n")

from brigade.agents.base import agents
from brigade.envs.prover_verifier.games.game import games

@agents.register("toy_agent", "presses everything in turn")
class Toy:
    def reset(self, view):
        self.pressed = 0
    def act(self, observation):
        self.pressed += 1
        return self.pressed % 6

@games.register("toy_game", "another name for an old game")
def toy_game():
    from brigade.envs.prover_verifier.games.game import make_game
    return make_game("ftp_small")
"""
RUN = "name: toy\nkitchens: [{name: cramped_room, horizon: 20}]\nteams: [[toy_agent, fsm]]\nseeds: 3\n"
PVG = (
    "name: toy\nexperiment: any_game\nseeds: 2\n"
    "settings: {game: toy_game, protocol: adp, provers: [honest], episodes: 2}\n"
)
STUDY = "name: toy\ntitle: Toy\nconsent: Yes.\npartners: [toy_agent]\nkitchens: [cramped_room]\nseconds: 5\n"
JUDGING = "name: toy\ngame: toy_game\nitems: 1\npractice: 0\nparticipant: P1\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a plug-in in it, in which we work."""
    (tmp_path / "toy.py").write_text(PLUGIN)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    forget(tmp_path)


def forget(folder: Path) -> None:
    """As in a new process, in which nothing of the folder is imported."""
    for registry in Registry.everywhere:
        registry.forget(str(folder / "toy.py"))
        registry.forget(str(folder / "learn.py"))
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


def imports(folder: Path) -> list[str]:
    return (folder / LOG).read_text().split()


def load(kind: type[Configuration], text: str, *changes: str) -> Any:
    Path("toy.yaml").write_text(f"{text}plugins: [./toy.py]\n")
    return kind.load("toy.yaml", changes)


def test_a_run_imports_them_in_every_process_and_says_so_in_its_results(folder: Path, capsys) -> None:
    config = load(RunConfig, RUN, "ray.workers=2", "out=rayed")
    (plugin,) = config.plugins
    assert f"Brigade: importing plug-in ./toy.py ({plugin.digest})" in capsys.readouterr().err
    run(config, QUIET)
    assert len(set(imports(folder))) >= 2, "here, and in a process of Ray's"
    header, *episodes = map(json.loads, (folder / "rayed" / "episodes.jsonl").read_text().splitlines())
    assert header["config"]["plugins"] == [{"name": "./toy.py", "digest": plugin.digest}]
    assert str(folder) not in json.dumps(header["config"])
    assert {episode["agents"][0]["name"] for episode in episodes} == {"toy_agent"}
    run(load(RunConfig, RUN, "ray.workers=0", "out=here"), QUIET)
    assert (folder / "here" / "episodes.jsonl").read_text() == (folder / "rayed" / "episodes.jsonl").read_text()


def test_a_change_names_them_from_the_working_directory(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    Path("elsewhere/run.yaml").write_text(RUN)
    config = RunConfig.load("elsewhere/run.yaml", ["plugins=[./toy.py]"])
    assert config.plugins[0].file == str(folder / "toy.py")
    with pytest.raises(BrigadeError, match=r"with plugins=\[./toz\.py\]: plugins\.0: './toz\.py' cannot be read"):
        RunConfig.load("elsewhere/run.yaml", ["plugins=[./toz.py]"])
    for kind, text in ((RunConfig, RUN), (PvgConfig, PVG), (StudySpec, STUDY), (JudgingConfig, JUDGING)):
        with pytest.raises(BrigadeError, match=r"toy\.yaml.*plugins: expected a list of modules and files"):
            load(kind, text, "plugins=5")


def test_a_plug_in_that_has_changed_is_another_question(folder: Path) -> None:
    run(load(RunConfig, RUN, "ray.workers=0", "out=out"), QUIET)
    run_pvg(load(PvgConfig, PVG, "ray.workers=0", "out=pvg"), QUIET)
    StudyFolder("study", load(StudySpec, STUDY)).close()
    session = JudgingSession(load(JudgingConfig, JUDGING, "out=judged"))
    session.opened(session.item(0))
    (folder / "toy.py").write_text(PLUGIN + "# changed\n")
    told = r'plugins is \[\{"name": "\./toy\.py", "digest": "'
    with pytest.raises(BrigadeError, match=told):
        run(load(RunConfig, RUN, "ray.workers=0", "out=out"), QUIET)
    with pytest.raises(BrigadeError, match=told):
        run_pvg(load(PvgConfig, PVG, "ray.workers=0", "out=pvg"), QUIET)
    with pytest.raises(BrigadeError, match=told):
        StudyFolder("study", load(StudySpec, STUDY))
    with pytest.raises(BrigadeError, match=told):
        JudgingSession(load(JudgingConfig, JUDGING, "out=judged"))


def test_results_of_runs_without_any_are_what_they_were(folder: Path) -> None:
    text = RUN.replace("toy_agent", "stay")
    Path("plain.yaml").write_text(text)
    run(RunConfig.load("plain.yaml", ["ray.workers=0", "out=out"]), QUIET)
    header = json.loads((folder / "out" / "episodes.jsonl").read_text().splitlines()[0])
    assert "plugins" not in header["config"]
    with pytest.raises(BrigadeError, match="plugins is null there and"):
        run(load(RunConfig, text, "ray.workers=0", "out=out"), QUIET)


@pytest.mark.outer
def test_a_prover_verifier_run_imports_them_in_rays_processes(folder: Path) -> None:
    config = load(PvgConfig, PVG, "ray.workers=1", "out=out")
    run_pvg(config, QUIET)
    assert len(set(imports(folder))) == 2
    header = json.loads((folder / "out" / "seeds.jsonl").read_text().splitlines()[0])
    assert header["config"]["plugins"] == [{"name": "./toy.py", "digest": config.plugins[0].digest}]


def test_studies_and_sessions_say_which_they_were_with(folder: Path) -> None:
    study = load(StudySpec, STUDY)
    StudyFolder("study", study).close()
    assert read_study("study")["study"]["plugins"][0]["digest"] == study.plugins[0].digest
    session = JudgingSession(load(JudgingConfig, JUDGING, "out=judged"))
    session.opened(session.item(0))
    header = json.loads(session.path.read_text().splitlines()[0])
    assert header["config"]["plugins"][0]["name"] == "./toy.py"


def test_what_only_reads_imports_nothing(folder: Path) -> None:
    """The plug-in would be found here, and its import would show."""
    run(load(RunConfig, RUN, "ray.workers=0", "out=out"), QUIET)
    run_pvg(load(PvgConfig, PVG, "ray.workers=0", "out=pvg"), QUIET)
    with StudyFolder("study", load(StudySpec, STUDY)) as opened:
        opened.session("P1")
    session = JudgingSession(load(JudgingConfig, JUDGING, "out=judged"))
    session.opened(session.item(0))
    forget(folder)
    (folder / LOG).unlink()

    from brigade.experiments.kitchen.report.report import as_json
    from brigade.experiments.prover_verifier.report.terminal import print_pvg_report
    from brigade.human_play.data.tables import export
    from brigade.human_play.study.analysis import read_data
    from brigade.simulation.recording import read_recording

    assert as_json([folder / "out"])
    print_pvg_report(folder / "pvg", QUIET)
    assert all(verdict.difference is None for verdict in verify_file(folder / "out"))
    assert all(verdict.difference is None for verdict in verify_file(folder / "out" / "recordings"))
    for path in (folder / "out" / "recordings").iterdir():
        assert read_recording(path).cut is None
    export(folder / "out" / "recordings", folder / "tables")
    assert read_data("study").study.plugins
    assert not (folder / LOG).exists()


def test_a_folder_is_not_gone_on_with_by_itself(folder: Path) -> None:
    StudyFolder("study", load(StudySpec, STUDY)).close()
    session = JudgingSession(load(JudgingConfig, JUDGING, "out=judged"))
    session.opened(session.item(0))
    forget(folder)
    (folder / LOG).unlink()
    for kind, where in ((StudySpec, "study"), (JudgingConfig, "judged")):
        with pytest.raises(BrigadeError, match="only a file that you name yourself brings them"):
            kind.load(where)
    Path("toy.yaml").write_text(STUDY)  # without its plug-ins
    with pytest.raises(BrigadeError, match="unknown agent 'toy_agent'"):
        StudySpec.load("toy.yaml")
    assert not (folder / LOG).exists()


LEARN = """
import numpy as np
import torch
from torch import nn

from brigade.agents.learned.network_spec import networks
from brigade.envs.kitchen.observations.observe import Observer, Parts, observers


@observers.register("where_i_am", "one number for each cell: 1 where I am")
class WhereIAm(Observer):
    name, dtype = "where_i_am", np.float32

    def __init__(self, kitchen):
        super().__init__(kitchen)
        cells = kitchen.width * kitchen.height
        parts = Parts()
        parts.add("cell", "1 where I am", [str(cell) for cell in range(cells)])
        self.shape, self.parts = (cells,), tuple(parts.parts)

    def _run(self, state, flat, lo, hi):
        flat[lo:hi] = 0
        for k in range(lo, hi):
            for chef in range(flat.shape[1]):
                flat[k, chef, state.pos[k, chef]] = 1


@observers.register("grid", "a table, which no standard network reads")
class Grid(WhereIAm):
    name = "grid"

    def __init__(self, kitchen):
        super().__init__(kitchen)
        self.shape = (kitchen.height, kitchen.width)


@networks.register("table", "a row of numbers for each thing that is seen")
class Table(nn.Module):
    def __init__(self, spec, shape, chefs):
        super().__init__()
        self.spec, self.shape, self.chefs = spec, tuple(shape), chefs
        self.rows = nn.Linear(int(np.prod(shape)), 7, bias=spec.options.get("bias", False))

    def logits(self, observations):
        return self.rows(observations.flatten(2))[..., :6]

    def values(self, observations):
        return self.rows(observations.flatten(2))[..., 6]

    def logits_of(self, seat, observations):
        return self.rows(observations.flatten(1))[..., :6]


@networks.register("half", "lacks the half")
class Half(nn.Module):
    def __init__(self, spec, shape, chefs):
        super().__init__()
        self.spec, self.chefs = spec, chefs
"""
TRAIN = (
    "name: learn\nkitchen: {name: cramped_room, horizon: 20}\nobservation: where_i_am\n"
    "network: {kind: table, options: {bias: true}}\nkitchens: 4\nticks: 10\nsteps: 80\ncheckpoints: 1\nepisodes: 2\n"
    "device: cpu\nplugins: [./learn.py]\n"
)


class TestTraining:
    """An own observation and an own network, from a file."""

    @pytest.fixture(autouse=True)
    def in_folder(self, folder: Path) -> None:
        pytest.importorskip("torch", reason="training needs PyTorch: pip install 'brigade[rl]'")
        (folder / "learn.py").write_text(LEARN)
        (folder / "train.yaml").write_text(TRAIN)

    def trained(self, *changes: str) -> TrainConfig:
        from brigade.experiments.rl.training.population import train_seeds

        config = TrainConfig.load("train.yaml", changes)
        train_seeds(config, QUIET)
        return config

    def test_it_trains_is_saved_and_played(self, folder: Path) -> None:
        from brigade.agents.learned.checkpoint import load as load_policy
        from brigade.experiments.rl.training.population import train_seeds

        config = self.trained("out=out")
        policy, card = load_policy(config.run_folder(0))
        assert (type(policy).__name__, card.observation, card.network.options) == (
            "Table",
            "where_i_am",
            {"bias": True},
        )
        assert card.training["plugins"] == [{"name": "./learn.py", "digest": config.plugins[0].digest}]
        team = [{"name": "neural", "options": {"checkpoint": "out/seed_0"}}, "fsm"]
        Path("run.yaml").write_text(
            f"name: run\nkitchens: [{{name: cramped_room, horizon: 20}}]\nteams: [{json.dumps(team)}]\n"
            "plugins: [./learn.py]\nray: {workers: 1}\n"
        )
        assert len(run(RunConfig.load("run.yaml"), QUIET).done) == 1
        train_seeds(TrainConfig.load("train.yaml", ["out=out", "steps=80"]), QUIET, resume=True)
        (folder / "learn.py").write_text(LEARN + "# changed\n")
        with pytest.raises(BrigadeError, match="holds another training: plugins is"):
            train_seeds(TrainConfig.load("train.yaml", ["out=out"]), QUIET, resume=True)

    @pytest.mark.outer
    def test_side_by_side_and_cross_play_import_it_in_their_processes(self, folder: Path) -> None:
        from brigade.experiments.rl.evaluation.crossplay import CrossplayConfig, crossplay

        self.trained("out=out", "seeds=2", "parallel=2")
        text = (
            "name: cross\nkitchen: {name: cramped_room, horizon: 20}\nobservation: where_i_am\nepisodes: 1\n"
            "policies: {own: {name: neural, options: {checkpoint: out/seed_*}}}\nworkers: 1\nplugins: [./learn.py]\n"
        )
        Path("cross.yaml").write_text(text)
        config = CrossplayConfig.load("cross.yaml", ["out=cross"])
        assert len(crossplay(config, QUIET).scores) == 4
        header = json.loads((folder / "cross" / "pairs.jsonl").read_text().splitlines()[0])
        assert header["plugins"][0]["digest"] == config.plugins[0].digest
        (folder / "learn.py").write_text(LEARN + "# changed\n")
        with pytest.raises(BrigadeError, match="another cross-play"):
            crossplay(CrossplayConfig.load("cross.yaml", ["out=cross"]), QUIET)

    def test_cloning_takes_them_too(self) -> None:
        config = self.trained("algorithm=clone", "clone={team: [fsm, fsm], episodes: 2, epochs: 1}", "out=out")
        assert (config.run_folder(0) / "evaluation.json").exists()

    def test_a_checkpoint_of_an_unknown_network_or_observation_says_what_is_missing(self, folder: Path) -> None:
        from brigade.agents.learned.checkpoint import load as load_policy
        from brigade.envs.kitchen.content.loading import load_kitchen

        self.trained("out=out")
        forget(folder)
        with pytest.raises(BrigadeError, match=r"out/seed_0: unknown network 'table'.*name it under plugins"):
            load_policy("out/seed_0")
        with pytest.raises(BrigadeError, match=r"out/seed_0: unknown observation 'where_i_am'.*name it under plugins"):
            load_policy("out/seed_0", load_kitchen("cramped_room"))

    @pytest.mark.parametrize(
        ("change", "complaint"),
        [
            ("observation=where_i_is", r"observation: unknown observation 'where_i_is'; did you mean 'where_i_am'"),
            ("observation=symbolic", r"observation: 'symbolic' is no array of numbers.*known: planes, features"),
            ("observation=symbolik", r"unknown observation 'symbolik'; (?!.*symbolic')"),
            ("network.kind=tabel", r"network\.kind: unknown network 'tabel'; did you mean 'table'"),
            ("partners=[fms]", r"partners\.0: unknown agent 'fms'; did you mean 'fsm'"),
        ],
    )
    def test_names_are_checked_against_what_is_registered(self, change: str, complaint: str) -> None:
        with pytest.raises(BrigadeError, match=complaint):
            TrainConfig.load("train.yaml", [change])

    def test_what_does_not_fit_is_said_before_anything_is_trained(self) -> None:
        with pytest.raises(
            BrigadeError, match=r"network\.kind: 'standard' reads vectors of float32 and planes of uint8"
        ):
            TrainConfig.load("train.yaml", ["observation=grid", "network.kind=standard"])
        self.trained("observation=grid", "out=grid")
        with pytest.raises(BrigadeError, match="network 'half' is no policy network: it lacks shape, logits, values"):
            self.trained("network.kind=half", "out=half")

    def test_rllib_trains_own_observations_and_refuses_own_networks(self) -> None:
        pytest.importorskip("ray.rllib", reason="needs RLlib: pip install 'brigade[rllib]'")
        from brigade.experiments.rl.ray.rllib import check_supported

        config = TrainConfig.load("train.yaml", ["backend=rllib"])
        with pytest.raises(BrigadeError, match=r"backend rllib .* for network\.kind: table use backend: torch"):
            check_supported(config)
        check_supported(TrainConfig.load("train.yaml", ["backend=rllib", "network.kind=standard"]))


def test_a_folder_that_someone_sent_brings_nothing(folder: Path) -> None:
    """Also where its plug-in lies beside what is read, and the configuration that one names has none."""
    run(load(RunConfig, RUN, "ray.workers=0", "out=sent"), QUIET)
    shutil.copy("toy.py", "sent/toy.py")
    forget(folder)
    (folder / LOG).unlink()
    Path("toy.yaml").write_text(RUN)
    with pytest.raises(BrigadeError, match="unknown agent 'toy_agent'"):
        run(RunConfig.load("toy.yaml", ["ray.workers=0", "out=sent"]), QUIET)
    assert not list(folder.rglob(LOG))

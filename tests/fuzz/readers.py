"""What reads things from outside, each with valid inputs to begin from. A reader may refuse; it may not fail."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
import zstandard
from mutations import Mutator
from rich.console import Console

from brigade.agents.base import make_agent
from brigade.agents.planning.recipes import recipes_of
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.envs.registry import BrigadeError
from brigade.simulation.episode import play
from brigade.simulation.recording import RecordingWriter, make_header, read_recording

HERE = Path(__file__).parent
TICKS = 60
MAP = "new_counter_circuit"


class Reader:
    """Something that reads.

    Args:
        folder: to work in.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    def make(self, mutator: Mutator) -> Any:
        """The next input; whatever `read` takes, written down where it is looked for."""
        raise NotImplementedError

    def read(self) -> None:
        """Read it, with whatever is done with what was read."""
        raise NotImplementedError

    def file(self, name: str, data: bytes) -> Path:
        """Write a file of the folder."""
        path = self.folder / name
        path.write_bytes(data)
        return path


def short_kitchen() -> Any:
    """A kitchen whose games are over soon."""
    from brigade.batch.configuration.specs import KitchenChoice

    return KitchenChoice(name=MAP, horizon=TICKS).load()


def record(path: Path, team: tuple[str, str] = ("fsm", "assembler")) -> Path:
    """A short recording, with messages and thoughts."""
    kitchen = short_kitchen()
    named = [{"name": name, "options": {}} for name in ("dpt", team[1])]
    writer = RecordingWriter(path, make_header(kitchen, 3, None, named, "both", {"kind": "virtual", "hz": 4.0}))
    from brigade.simulation.clock import Constant, VirtualClock

    agents = [make_agent("dpt", seed=1), make_agent(team[1])]
    play(kitchen, agents, 3, clock=VirtualClock(4, Constant(2)), recorder=writer)
    return path


class Recordings(Reader):
    """Recordings: their bytes, their lines as text, and what the lines hold; read, listed and played again."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        self.packed = record(folder / "base.jsonl.zst").read_bytes()
        self.plain = zstandard.ZstdDecompressor().decompressobj().decompress(self.packed)
        self.lines = self.plain.split(b"\n")[:-1]

    def make(self, mutator: Mutator) -> bytes:
        draw = mutator.random
        kind = draw.random()
        if kind < 0.2:
            data = mutator.bytes(self.packed)
        else:
            if kind < 0.4:
                text = mutator.bytes(self.plain)
            else:
                lines = list(self.lines)
                at = 0 if draw.random() < 0.5 else len(lines) - 1 if draw.random() < 0.3 else draw.randrange(len(lines))
                lines[at] = json.dumps(mutator.data(json.loads(lines[at]))).encode(errors="surrogatepass")
                text = b"\n".join(lines) + b"\n"
            data = zstandard.ZstdCompressor(level=1).compress(text)
        self.file("one.jsonl.zst", data)
        return data

    def read(self) -> None:
        from brigade.human_play.data.tables import _episode_row, _tick_rows
        from brigade.human_play.replay.replay import Replay

        recording = read_recording(self.folder / "one.jsonl.zst")
        assert recording.kitchen
        recording.compare()
        Replay(recording)
        rows = _tick_rows(recording, "one")
        assert rows is not None
        _episode_row(recording, "one")


class Replies(Reader):
    """Replies of language models, through every kind of thought that reads one."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        from brigade.dual_process.thought_kinds.base import make_kind, thoughts

        self.recipes = recipes_of(load_kitchen(MAP))
        self.kinds = [make_kind(name) for name in thoughts.names]
        plan = [
            {"do": "prepare(cooked_beef)", "when": 'ready("cooked_beef") < 2', "now": True},
            {"leave": "serve(BeefBurger)", "when": None},
            {"keep": "chopped_lettuce", "ready": 2, "when": None},
            {"whenever": "fire()", "do": "put_out_fire()"},
            {"wait_until": "tick() > 30"},
        ]
        numbers = {
            "partner": 2, "next": [{"turn": "assemble()", "probability": 0.5}], "makes": ["cooked_beef"],
            "assembles": False, "orders": [{"order": 1, "probability": 0.5}],
        }  # fmt: skip
        self.answers = [
            {"rationale": "so", "plan": plan, "message": "hello"},
            {
                "belief": "my partner cooks",
                "numbers": [numbers],
                "guidelines": "go on",
                "reflection": "r",
                "lesson": "l",
            },
            {"tasks": [{"when": 'count("bread") < 1', "do": "prepare(bread)"}], "thought": "t", "action": "wait(4)"},
        ]

    def make(self, mutator: Mutator) -> str:
        answer = mutator.random.choice(self.answers)
        text = json.dumps(mutator.data(answer)).encode(errors="surrogatepass")
        if mutator.random.random() < 0.3:
            text = mutator.bytes(b"Sure! <think>so</think>\n```json\n" + text + b"\n```")
        self.text = text.decode(errors="replace")
        return self.text

    def read(self) -> None:
        from pydantic import ValidationError

        from brigade.dual_process.llm.json_text import Malformed, find_json
        from brigade.dual_process.llm.protocol import Request
        from brigade.dual_process.llm.wire import Body, Heard

        found = find_json(self.text)
        for kind in self.kinds:
            said = self.text if kind.schema(self.recipes) is None else found
            value = said if isinstance(said, Malformed) else kind.read(said, self.recipes)
            if not isinstance(value, Malformed):
                json.dumps(kind.told(value))
        body = {"choices": [{"message": found if isinstance(found, dict) else {"content": self.text}}], "usage": found}
        try:
            parsed = Body.model_validate(body)
        except ValidationError:
            return
        heard = Heard(Request("plan", "plan-1", (("user", "x"),), None, 10))
        heard.take(parsed)
        heard.problem(10)
        if isinstance(found, Malformed):  # what refusing a reply comes to
            raise BrigadeError(found.reason)


class Configurations(Reader):
    """Configurations of all kinds, as files and as changes on the command line."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        from brigade.experiments.kitchen.run.config import RunConfig
        from brigade.experiments.prover_verifier.config import PvgConfig
        from brigade.experiments.rl.config import TrainConfig
        from brigade.experiments.rl.evaluation.crossplay import CrossplayConfig
        from brigade.human_play.study.study import StudySpec

        models = (RunConfig, TrainConfig, CrossplayConfig, PvgConfig, StudySpec)
        self.models = {path: model for model in models for path in sorted(model.bundled.glob("*.yaml"))}
        self.files = list(self.models)

    def make(self, mutator: Mutator) -> bytes:
        path = mutator.random.choice(self.files)
        self.model, text = self.models[path], path.read_bytes()
        data = yaml.safe_load(text)
        if mutator.random.random() < 0.4:
            text = mutator.bytes(text)
        else:
            text = yaml.safe_dump(mutator.data(data), allow_unicode=True).encode(errors="replace")
        key = mutator.random.choice([*data, "seeds", "vary.clock.seconds", "clock.hz", "ray.workers"])
        value = mutator.random.choice(
            ["1", "[1, 2]", "{a: 1}", "&a [*a]", "9" * 400, "[" * 500, "\x1b[31m", "null", "''"]
        )
        self.changes = [f"{key}={value}"] if mutator.random.random() < 0.3 else []
        self.file("one.yaml", text)
        return text + repr(self.changes).encode(errors="replace")

    def read(self) -> None:
        config = self.model.load(str(self.folder / "one.yaml"), self.changes)
        if hasattr(config, "vary") and hasattr(config, "teams"):
            from brigade.experiments.kitchen.run.config import jobs_of

            jobs_of(config)


class Kitchens(Reader):
    """Kitchens and cookbooks."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        import brigade.envs.kitchen.content as content

        root = Path(content.__file__).parent
        self.kitchens = [path.read_bytes() for path in sorted((root / "kitchens").glob("*.yaml"))]
        self.cookbooks = {path.stem: path.read_bytes() for path in sorted((root / "cookbooks").glob("*.yaml"))}
        play(short_kitchen(), [make_agent("fsm"), make_agent("fsm")], 0)  # the rules are compiled once

    def make(self, mutator: Mutator) -> bytes:
        kitchen = yaml.safe_load(mutator.random.choice(self.kitchens))
        cookbook = yaml.safe_load(self.cookbooks[kitchen["cookbook"]])
        kitchen["cookbook"] = "one_cookbook.yaml"
        texts = {}
        for name, data in (("one.yaml", kitchen), ("one_cookbook.yaml", cookbook)):
            changed = mutator.random.random() < 0.6
            data = mutator.data(data) if changed else data
            texts[name] = yaml.safe_dump(data, allow_unicode=True, sort_keys=False).encode(errors="replace")
            if mutator.random.random() < 0.25:
                texts[name] = mutator.bytes(texts[name])
            self.file(name, texts[name])
        return b"\n---\n".join(texts.values())

    def read(self) -> None:
        from brigade.envs.kitchen.content.generate import unservable
        from brigade.envs.kitchen.engine.game import Game
        from brigade.envs.kitchen.pictures.text import captions, draw, legend

        kitchen = load_kitchen(str(self.folder / "one.yaml"))
        game = Game(kitchen)
        game.reset([1])
        described = game.describe()
        draw(kitchen, described, colour=True)
        captions(kitchen, described)
        legend(kitchen)
        unservable(kitchen)


class Cards(Reader):
    """Policies: their cards, and the numbers beside them."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        from brigade.agents.learned.checkpoint import BUNDLED, CARD, NUMBERS, bundled_policies

        source = BUNDLED / bundled_policies()[0]
        self.card, self.numbers = json.loads((source / CARD).read_text()), (source / NUMBERS).read_bytes()
        self.names = CARD, NUMBERS

    def make(self, mutator: Mutator) -> bytes:
        card = json.dumps(mutator.data(self.card)).encode()
        numbers = self.numbers
        if mutator.random.random() < 0.2:
            card = mutator.bytes(card)
        if mutator.random.random() < 0.2:
            numbers = mutator.bytes(numbers[:4000]) + numbers[4000:]
        self.file(self.names[0], card)
        self.file(self.names[1], numbers)
        return card

    def read(self) -> None:
        from brigade.agents.learned.checkpoint import load

        load(self.folder)


class Tables(Reader):
    """Tables of other people's games, CSV and pickled."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        grid = [list("XXPXX"), list("O  2O"), list("X1  X"), list("XDXSX")]
        steps = [{"trial_id": "1", "layout_name": "cramped_room", "joint_action": json.dumps([[0, 0], "INTERACT"]),
                  "reward": str(0), "cur_gameloop": str(tick), "layout": json.dumps(grid), "score": "0",
                  "state": json.dumps({"players": [{"position": [1, 2]}, {"position": [3, 1]}]}),
                  "player_0_is_human": "True", "player_1_is_human": "True"} for tick in range(8)]  # fmt: skip
        self.rows = steps
        self.old = [{key: row[key] for key in ("trial_id", "layout_name", "joint_action", "reward", "cur_gameloop")}
                    for row in steps]  # fmt: skip

    def make(self, mutator: Mutator) -> bytes:
        rows = mutator.data(mutator.random.choice((self.rows, self.old)))
        rows = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        if mutator.random.random() < 0.15:
            import pickle

            data = mutator.bytes(pickle.dumps(rows))
        else:
            text = io.StringIO()
            writer = csv.DictWriter(text, list(dict.fromkeys(str(key) for row in rows for key in row)) or ["x"])
            writer.writeheader()
            writer.writerows([{str(key): value for key, value in row.items()} for row in rows])
            data = text.getvalue().encode(errors="surrogatepass")
            if mutator.random.random() < 0.3:
                data = mutator.bytes(data)
        self.file("one.csv", data)
        return data

    def read(self) -> None:
        from brigade.human_play.data.overcooked_ai import import_trials

        out = self.folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        import_trials(self.folder / "one.csv", out)


class Problems(Reader):
    """Files of arithmetic problems."""

    LINES = [
        {"question": "Natalia sold 48 clips in April and half as many in May. How many altogether?",
         "answer": "In May <<48/2=24>>24 clips.\nTogether <<48+24=72>>72.\n#### 72"},
        {"question": "A robe takes 2 bolts of blue and half of that white. How many in total?",
         "answer": "It takes 2/2=<<2/2=1>>1 bolt.\nSo 2+1=<<2+1=3>>3\n#### 3"},
    ]  # fmt: skip

    def make(self, mutator: Mutator) -> bytes:
        lines = [json.dumps(mutator.data(line) if mutator.random.random() < 0.7 else line) for line in self.LINES]
        data = "\n".join(lines).encode(errors="surrogatepass")
        if mutator.random.random() < 0.3:
            data = mutator.bytes(data)
        self.file("one.jsonl", data)
        return data

    def read(self) -> None:
        from brigade.envs.prover_verifier.arithmetic.files import read_problems

        read_problems(self.folder / "one.jsonl")


class Folders(Reader):
    """Folders of results: one file of a valid folder is changed, by line or by byte."""

    files: tuple[str, ...] = ()

    def __init__(self, folder: Path):
        super().__init__(folder)
        self.base, self.copy = folder / "base", folder / "copy"
        self.build()
        self.found = [path.relative_to(self.base) for name in self.files for path in sorted(self.base.glob(name))]
        shutil.copytree(self.base, self.copy)
        self.last: Path | None = None

    def build(self) -> None:
        """Make the valid folder in `base`."""
        raise NotImplementedError

    def make(self, mutator: Mutator) -> bytes:
        if self.last is not None:
            shutil.copyfile(self.base / self.last, self.copy / self.last)
        self.last = mutator.random.choice(self.found)
        data = (self.base / self.last).read_bytes()
        if mutator.random.random() < 0.3:
            data = mutator.bytes(data)
        else:
            lines = [data] if self.last.suffix == ".json" else data.split(b"\n")[:-1]
            at = mutator.random.randrange(len(lines)) if mutator.random.random() < 0.6 else 0
            lines[at] = json.dumps(mutator.data(json.loads(lines[at]))).encode()
            data = b"\n".join(lines) + b"\n"
        (self.copy / self.last).write_bytes(data)
        return str(self.last).encode() + b"\n" + data


class Results(Folders):
    """Folders of kitchen runs: the report, its page, and verification."""

    files = ("episodes.jsonl", "timings.jsonl")

    def build(self) -> None:
        from brigade.experiments.kitchen.run.config import RunConfig
        from brigade.experiments.kitchen.run.run import run

        (self.folder / "run.yaml").write_text(
            f"name: run\nkitchens: [{{name: {MAP}, horizon: {TICKS}}}]\n"
            "teams: [[dpt, fsm], [fsm, assembler], [fsm, fsm]]\nseeds: 2\nray: {workers: 0}\nrecordings: false\n"
            "clock: {kind: virtual, hz: 4, seconds: 2}\n"
        )
        run(RunConfig.load(str(self.folder / "run.yaml"), [f"out={self.base}"]), Console(quiet=True))

    def read(self) -> None:
        from brigade.experiments.kitchen.report.report import as_json, print_report
        from brigade.experiments.kitchen.run.verify import verify_file

        as_json([self.copy])
        print_report([self.copy], Console(file=io.StringIO(), width=200))
        list(verify_file(self.copy))


class Crossplays(Folders):
    """Folders of cross-play."""

    files = ("*.jsonl",)

    def config(self, out: Path) -> Any:
        from brigade.experiments.rl.evaluation.crossplay import CrossplayConfig

        text = (
            f"name: cross\nkitchen: {{name: cramped_room, horizon: {TICKS}}}\nepisodes: 2\nworkers: 0\n"
            "policies: {one: random, two: stay}\n"
        )
        path = self.folder / "cross.yaml"
        path.write_text(text)
        return CrossplayConfig.load(str(path), [f"out={out}"])

    def build(self) -> None:
        from brigade.experiments.rl.evaluation.crossplay import crossplay

        crossplay(self.config(self.base), Console(quiet=True))

    def read(self) -> None:
        from brigade.experiments.rl.evaluation.crossplay import CROSSPLAY, _folder, _labelled

        CROSSPLAY.read(self.copy)
        config = self.config(self.copy)
        with _folder(config, _labelled(config.policies, config.greedy)) as folder:
            for record in folder.done.values():
                sum(record["scores"])
        (self.copy / "lock").unlink(missing_ok=True)


class Seeds(Folders):
    """Folders of prover-verifier runs: the report, its page, and what people would be given to judge."""

    files = ("seeds.jsonl", "timings.jsonl")
    count, config = 0, None

    def build(self) -> None:
        from brigade.experiments.prover_verifier.config import PvgConfig
        from brigade.experiments.prover_verifier.run import run_pvg

        changes = ["settings.problems=6", "settings.rounds=2", "seeds=1", "ray.workers=0", f"out={self.base}"]
        run_pvg(PvgConfig.load("arithmetic_llm", changes), Console(quiet=True))

    def read(self) -> None:
        from brigade.experiments.prover_verifier.report.terminal import print_pvg_report
        from brigade.human_play.verifier.choosing import entries
        from brigade.human_play.verifier.config import JudgingConfig
        from brigade.human_play.verifier.verifier_item import TranscriptItem

        print_pvg_report(self.copy, Console(file=io.StringIO(), width=100))
        if self.config is None:
            changes = ["game=null", f"transcripts={self.copy}", "items=2", "practice=0"]
            self.config = JudgingConfig.load("play_review", changes)
        for entry in entries(self.config):
            item = TranscriptItem("one", entry)
            assert item.passages
            item.decide(True)
        self.count += 1
        if self.count % 100 == 0:  # its plots take a second
            from brigade.experiments.prover_verifier.report.page import page

            page(self.copy)


class Judgements(Folders):
    """Folders of people who played the verifier: the report and its page."""

    files = ("*.jsonl",)

    def build(self) -> None:
        from brigade.human_play.verifier.config import JudgingConfig
        from brigade.human_play.verifier.session import Judgement, JudgingSession

        for name in ("P01", "P02"):
            changes = [f"out={self.base}", f"participant={name}", "items=3", "practice=1"]
            session = JudgingSession(JudgingConfig.load("play_arithmetic", changes))
            for place in range(4):
                item = session.item(place)
                session.opened(item)
                accept = place % 2 == 0
                session.store(session.record(place, item, Judgement(accept, 1.5, False), item.decide(accept)))

    def read(self) -> None:
        from brigade.batch.people.judgements import read_sessions
        from brigade.batch.people.legibility import print_legibility
        from brigade.batch.people.legibility_page import legibility_page

        print_legibility(self.copy, Console(file=io.StringIO(), width=100))
        legibility_page(self.copy)
        left_out = read_sessions(self.copy).left_out
        if left_out:
            raise BrigadeError(left_out[0])


class Trainings(Reader):
    """Trainings to go on with: what they know of themselves, and every number in what they go on from."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        from brigade.agents.learned.tensors import read_sealed
        from brigade.experiments.rl.config import TrainConfig
        from brigade.experiments.rl.training.resume import RESUME
        from brigade.experiments.rl.training.train import train

        self.config = TrainConfig.model_validate({
            "name": "small", "kitchen": {"name": "cramped_room", "horizon": TICKS}, "network": {"hidden": [4]},
            "kitchens": 2, "ticks": 5, "steps": 20, "checkpoints": 1, "episodes": 1, "out": str(folder / "out"),
        })  # fmt: skip
        train(self.config, 0, Console(quiet=True))
        self.run = self.config.run_folder(0)
        self.files = {name: (self.run / name).read_bytes() for name in (RESUME, "config.json", "progress.jsonl")}
        self.things, self.resume = read_sealed(self.run / RESUME), RESUME

    def make(self, mutator: Mutator) -> bytes:
        from brigade.agents.learned.tensors import packed, sealed

        for name, data in self.files.items():
            (self.run / name).write_bytes(data)
        draw, name = mutator.random.random(), self.resume
        if draw < 0.2:
            data = mutator.bytes(self.files[name])
        elif draw < 0.4:
            name = mutator.random.choice(("config.json", "progress.jsonl"))
            lines = [mutator.data(json.loads(line)) for line in self.files[name].splitlines()]
            data = "".join(json.dumps(line) + "\n" for line in lines).encode()
        else:  # by somebody who knows how it is sealed, or of a time before there were seals
            things = mutator.data(self.things)
            data = (sealed if mutator.random.random() < 0.5 and isinstance(things, dict) else packed)(things)
        (self.run / name).write_bytes(data)
        return name.encode() + b"\n" + data

    def read(self) -> None:
        from brigade.experiments.rl.training.train import train

        train(self.config, 0, Console(quiet=True), resume=True)


class Studies(Folders):
    """Folders of studies."""

    files = ("study.json", "participants.jsonl", "participants/*/steps.jsonl")
    count = 0

    def build(self) -> None:
        sys.path.insert(0, str(HERE.parent / "human_play"))
        from test_study import study_of, walk  # type: ignore[import-not-found]

        from brigade.human_play.study.progress import StudyFolder

        study = study_of().model_copy(update={"seconds": 2.0})
        with StudyFolder(self.base, study) as opened:
            walk(opened.session("anna"), liking={"machine": 5, "helper": 2}, human="random")

    def read(self) -> None:
        from brigade.human_play.study.analysis import read_data
        from brigade.human_play.study.study_report import report, to_csv

        to_csv(read_data(self.copy))
        self.count += 1
        if self.count % 20 == 0:  # its intervals take a second
            report(self.copy, Console(file=io.StringIO(), width=100))


READERS: dict[str, Callable[[Path], Reader]] = {
    "recordings": Recordings, "replies": Replies, "configurations": Configurations, "kitchens": Kitchens,
    "cards": Cards, "tables": Tables, "problems": Problems, "results": Results, "crossplay": Crossplays,
    "studies": Studies, "seeds": Seeds, "judgements": Judgements, "trainings": Trainings,
}  # fmt: skip

"""Loading configurations: one way for all six kinds, changes read as their fields want them, files beside them."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from brigade.batch.configuration.changes import change
from brigade.batch.configuration.config import Configuration
from brigade.batch.configuration.files import FileName
from brigade.batch.configuration.specs import AgentSpec, KitchenChoice, RaySpec, Seeds
from brigade.batch.configuration.vary import combinations
from brigade.envs.content import parse, validate
from brigade.envs.kitchen.content.folders import own_folder
from brigade.envs.registry import BrigadeError
from brigade.experiments.kitchen.run.config import RunConfig
from brigade.experiments.prover_verifier.config import PvgConfig
from brigade.experiments.rl.config import TrainConfig
from brigade.human_play.study.study import StudySpec
from brigade.human_play.verifier.config import JudgingConfig

KINDS: list[type[Configuration]] = [RunConfig, TrainConfig, PvgConfig, StudySpec, JudgingConfig]


class Example(Configuration):
    """Fields of all sorts."""

    bundled: ClassVar = Path(__file__).parent / "nowhere"

    teams: list[list[AgentSpec]] = []
    kitchens: list[KitchenChoice] = []
    seeds: Seeds = [0]
    word: Literal["one", "two"] = "one"
    place: Literal[0, 1, "alternate"] = 0
    count: int | str = 5
    share: float | None = None
    flag: bool = False
    title: str = ""
    script: FileName | None = None
    vary: dict[str, list[Any]] = {}
    options: dict[str, Any] = {}
    weights: dict[str, float] = {}
    casts: dict[str, AgentSpec] = {}
    ray: RaySpec = RaySpec()
    deep: list[dict[str, float | str]] = Field([], max_length=3)


def changed(*changes: str, text: str = "name: example") -> Example:
    return validate(change(parse(text, "x.yaml"), changes, Example), Example)


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("out=2026-11-29", "out", "2026-11-29"),
        ("out=123", "out", "123"),
        ("out=no", "out", "no"),
        ("out=x # y", "out", "x # y"),
        ("out=a: b", "out", "a: b"),
        ("out=[a", "out", "[a"),
        ("out=a=b", "out", "a=b"),
        ("out=null", "out", None),
        ("out=", "out", None),
        ("title=null", "title", "null"),
        ("title=", "title", ""),
        ("title='quoted'", "title", "'quoted'"),
        ("name=007", "name", "007"),
        ("word=two", "word", "two"),
        ("place=1", "place", 1),
        ("place=alternate", "place", "alternate"),
        ("count=7", "count", 7),
        ("count=2026-11-29", "count", "2026-11-29"),
        ("count=yes", "count", "yes"),
        ("share=1", "share", 1.0),
        ("share=null", "share", None),
        ("flag=yes", "flag", True),
        ("seeds=5", "seeds", [0, 1, 2, 3, 4]),
        ("seeds=[1,2]", "seeds", [1, 2]),
        ("vary.clock.seconds=[1,2]", "vary", {"clock.seconds": [1, 2]}),
        ("vary={clock.seconds: [1, 2]}", "vary", {"clock.seconds": [1, 2]}),
        ("options.a.b=2", "options", {"a": {"b": 2}}),
        ("options.day=2026", "options", {"day": 2026}),
        ("options.yes=no", "options", {"yes": False}),
        ("weights.honest=2", "weights", {"honest": 2.0}),
        ("weights={1: 2}", "weights", {"1": 2.0}),
        ("deep=[{a: 1, b: no}]", "deep", [{"a": 1.0, "b": "no"}]),
    ],
)
def test_a_change_is_read_as_its_field_wants_it(text: str, field: str, value: Any) -> None:
    assert getattr(changed(text), field) == value


def test_single_words_in_lists_are_text_where_text_is_wanted() -> None:
    config = changed("teams=[[fsm,no],[{name: 12, options: {food: no}}]]", "kitchens=[a.yaml,2026-11-29]", "casts.x=on")
    assert [[agent.name for agent in team] for team in config.teams] == [["fsm", "no"], ["12"]]
    assert config.teams[1][0].options == {"food": False}, "options may be anything, so YAML decides"
    assert [kitchen.name for kitchen in config.kitchens] == ["a.yaml", "2026-11-29"]
    assert config.casts["x"].name == "on"
    assert changed("kitchens=[{name: a, old_dynamics: null, horizon: 5}]").kitchens[0].old_dynamics is None


def test_the_last_of_two_changes_counts_and_the_file_stays_as_it_was() -> None:
    document = parse("name: example\nray: {workers: 3}\nvary:\ntitle: 2001-01-01x", "x.yaml")
    config = validate(change(document, ["ray.workers=1", "ray.workers=2", "vary.a=[1]"], Example), Example)
    assert (config.ray.workers, config.vary) == (2, {"a": [1]})
    assert document.data["ray"] == {"workers": 3}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("seeds", "'seeds': expected key=value"),
        ("=5", "'=5': expected key=value"),
        ("seed=5", "'seed=5': seed: unknown key; did you mean 'seeds'"),
        ("ray.worker=1", "'ray.worker=1': ray.worker: unknown key; did you mean 'workers'"),
        ("ray.=1", "unknown key; known: address, workers"),
        ("seeds.x=1", "'seeds.x=1': 'seeds' holds no keys"),
        ("name.x=1", "'name.x=1': 'name' holds no keys"),
        ("casts.a.name.x=1", "'name' holds no keys"),
        ("teams=[", r"'teams=\[': not valid YAML|'teams=\[':1: not valid YAML"),
        ("teams={a: 1, a: 2}", "key 'a' is given twice"),
        ("options=&a [*a]", "an alias to what it is itself a part of"),
        ("options.day=2001-02-30", "'2001-02-30' is not a valid timestamp"),
        ("seeds=0", r"x\.yaml with seeds=0: seeds: expected a list of seeds, or how many"),
        ("ray.workers=-1", r"x\.yaml with ray\.workers=-1: ray\.workers: "),
        ("seeds=[1,x]", r"x\.yaml with seeds=\[1,x\]: seeds\.1: "),
        ("out=" + "a" * 300, "out: no folder can be called that; a name has at most 255 bytes"),
        ("out=a\0b", "out: no folder can be called that"),
        ("name=" + "a" * 300, "name: string should have at most 255"),
        ("word=three", "word: input should be 'one' or 'two'"),
        ("teams=" + "[" * 5000, "nested too deeply|not valid YAML"),
    ],
)
def test_a_wrong_change_is_named_with_its_field(text: str, complaint: str) -> None:
    with pytest.raises(BrigadeError, match=complaint):
        changed(text)


def test_what_a_change_leaves_alone_keeps_its_line() -> None:
    with pytest.raises(BrigadeError, match=r"x\.yaml:2: sedes: unknown key; did you mean 'seeds'"):
        changed("out=here", text="name: example\nsedes: 5")


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=60)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(string.ascii_letters + " :#-'\"[]{}", max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(string.ascii_letters, min_size=1), inner),
    max_leaves=6,
)


@given(TEXT)
def test_any_text_is_taken_as_it_is_written(text: str) -> None:
    assert changed(f"title={text}").title == text
    if text != "null" and "/" not in text:
        assert changed(f"out={text}").out == text


@given(TEXT, st.sampled_from(["seeds", "teams", "kitchens", "count", "options.a", "vary.a", "ray", "share", "casts"]))
def test_any_other_value_is_taken_or_refused_in_words(text: str, key: str) -> None:
    try:
        changed(f"{key}={text}")
    except BrigadeError as error:
        told = str(error)
    else:
        return
    assert key.partition(".")[0] in told


@given(PLAIN)
def test_what_may_be_anything_is_what_yaml_says(value: Any) -> None:
    import json

    assert changed(f"options.a={json.dumps(value)}").options == {"a": value}


def test_every_combination_of_what_varies() -> None:
    assert combinations({}) == [{}]
    assert combinations({"a": [1, 2], "b": ["x"]}) == [{"a": 1, "b": "x"}, {"a": 2, "b": "x"}]


@pytest.mark.parametrize("kind", KINDS)
def test_all_kinds_are_found_alike(kind: type[Configuration], tmp_path: Path) -> None:
    first = kind.names()[0]
    assert kind.load(first).name == first
    assert len(kind.listed()) == len(kind.names())
    with pytest.raises(BrigadeError, match=rf"unknown {kind.what} '{first}x'; did you mean '{first}'"):
        kind.load(first + "x")
    with pytest.raises(BrigadeError, match=r"nowhere\.yaml: cannot be read"):
        kind.load(tmp_path / "nowhere.yaml")
    with pytest.raises(BrigadeError, match=r"is a folder; expected the file of a .* never imported"):
        kind.load(tmp_path)
    with pytest.raises(
        BrigadeError, match=rf"{first}\.yaml with nmae=x|'nmae=x': nmae: unknown key; did you mean 'name'"
    ):
        kind.load(first, ["nmae=x"])
    assert kind.load(first, ["out=2026-11-29"]).folder == Path("2026-11-29")


def test_cross_play_is_loaded_likewise() -> None:
    pytest.importorskip("torch", reason="cross-play needs PyTorch")
    from brigade.experiments.rl.evaluation.crossplay import CrossplayConfig

    test_all_kinds_are_found_alike(CrossplayConfig, Path("/"))
    for key in ("policies", "partners", "best_responses"):
        with pytest.raises(BrigadeError, match=rf"{key}\.me: unknown agent 'fms'; did you mean 'fsm'"):
            CrossplayConfig.load("crossplay_coordination_ring", [f"{key}.me=fms"])


def test_settings_of_an_experiment_are_typed_by_it() -> None:
    config = PvgConfig.load("kitchen_scripted", ["vary.kitchen=[cramped_room]", "settings.claims=3"])
    assert (config.vary["kitchen"], config.settings["claims"]) == (["cramped_room"], 3)
    with pytest.raises(BrigadeError, match=r"settings\.clams: unknown key; did you mean 'claims'"):
        PvgConfig.load("kitchen_scripted", ["settings.clams=3"])
    with pytest.raises(BrigadeError, match="unknown kitchen 'no'"):
        PvgConfig.load("kitchen_scripted", ["vary.kitchen=[no]"])
    assert JudgingConfig.load("play_arithmetic", ["participant=007"]).participant == "007"


class TestFilesThatAreNamed:
    """A configuration in a folder of its own, beside a kitchen, read from another folder."""

    @pytest.fixture(autouse=True)
    def folders(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        bundled = (own_folder() / "kitchens" / "new_counter_circuit.yaml").read_text()
        for folder, horizon in (("beside", 141), ("here", 142)):
            (tmp_path / folder).mkdir()
            text = bundled.replace("name: new_counter_circuit", "name: mine")
            lines = [line if not line.startswith("horizon") else f"horizon: {horizon}" for line in text.splitlines()]
            (tmp_path / folder / "mine.yaml").write_text("\n".join(lines))
        monkeypatch.chdir(tmp_path / "here")

    def run(self, text: str = "kitchens: [mine.yaml]", *changes: str) -> RunConfig:
        path = Path("../beside/run.yaml")
        path.write_text(f"name: run\nteams: [[fsm, fsm]]\n{text}\n")
        return RunConfig.load(path, changes)

    def test_it_is_looked_up_beside_the_configuration_first(self) -> None:
        (kitchen,) = self.run().kitchens
        assert (kitchen.name, kitchen.load().horizon) == ("../beside/mine.yaml", 141)
        (kitchen,) = self.run("kitchens: [{name: mine.yaml, old_dynamics: true}]").kitchens
        assert kitchen.load().horizon == 141

    def test_then_from_the_working_directory(self) -> None:
        Path("../beside/mine.yaml").unlink()
        (kitchen,) = self.run().kitchens
        assert (kitchen.name, kitchen.load().horizon) == ("mine.yaml", 142)

    def test_a_change_names_files_from_the_working_directory(self) -> None:
        (kitchen,) = self.run("kitchens: [cramped_room]", "kitchens=[mine.yaml]").kitchens
        assert kitchen.load().horizon == 142

    def test_a_bundled_name_is_never_a_file(self) -> None:
        Path("../beside/cramped_room").write_text("no kitchen")
        assert self.run("kitchens: [cramped_room]").kitchens[0].name == "cramped_room"

    def test_order_scripts_and_prices(self) -> None:
        Path("../beside/scripts.json").write_text('[["OnionSoup"]]')
        config = self.run("kitchens: [cramped_room]\norder_scripts: scripts.json")
        assert config.order_scripts == "../beside/scripts.json"
        with pytest.raises(BrigadeError, match=r"run\.yaml:4: prices: nowhere\.yaml: cannot be read"):
            self.run("kitchens: [cramped_room]\nprices: nowhere.yaml")

    def test_other_kinds(self) -> None:
        path = Path("../beside/other.yaml")
        path.write_text("name: other\nkitchen: mine.yaml\n")
        assert TrainConfig.load(path).kitchen.load().horizon == 141
        path.write_text("name: other\nexperiment: kitchen_scripted\nvary: {kitchen: [mine.yaml]}\n")
        assert PvgConfig.load(path).vary == {"kitchen": ["../beside/mine.yaml"]}
        path.write_text("name: other\ngame: kitchen\nprotocol: looks\noptions: {kitchen: mine.yaml}\n")
        assert JudgingConfig.load(path).options == {"kitchen": "../beside/mine.yaml"}
        path.write_text(
            "name: other\ntitle: Other\nconsent: Yes.\npartners: [fsm]\nkitchens: [mine.yaml]\n"
            "practice: {kitchen: mine.yaml}\n"
        )
        study = StudySpec.load(path)
        assert study.practice is not None
        assert (study.kitchens, study.practice.kitchen) == (("../beside/mine.yaml",), "../beside/mine.yaml")

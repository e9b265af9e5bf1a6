"""Studies: designs that are balanced or refused, and a folder that loses nothing and repeats nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from brigade.agents.base import Agent, make_agent
from brigade.dual_process.build import ClockSpec, make_answered_agent
from brigade.dual_process.reasoners import ReasonerSpec
from brigade.envs.content import parse, validate
from brigade.envs.registry import BrigadeError
from brigade.human_play.game.human_game import HumanGame, Person
from brigade.human_play.screens.study import setup_of
from brigade.human_play.study.progress import PARTICIPANTS, STEPS, STUDY, Session, StudyFolder
from brigade.human_play.study.schedule import Consent, Form, Game, Playing, Ranking, Step, kitchen_order, schedule
from brigade.human_play.study.study import (  # fmt: skip
    PartnerSpec,
    Question,
    StudySpec,
    balanced_orders,
    check_study,
    unbalanced,
)
from brigade.human_play.window.input import Stick
from brigade.simulation.episode import play
from brigade.simulation.recording import RecordingWriter, read_recording

STUDY_FILE = """
name: small
title: A small study
consent: We store what your chef does.
participants: 4
partners:
  - {label: machine, name: fsm}
  - {label: helper, name: assembler}
kitchens: [new_counter_circuit, new_asymmetric_advantages]
games: 1
seconds: 30
practice: {kitchen: new_counter_circuit_solo, seconds: 2}
solo: {seconds: 30}
questionnaires:
  before:
    - {id: age, kind: number, text: Your age, min: 18, required: false}
  after_each_game:
    - {id: effort, kind: scale, points: 5, text: Demanding}
  after_each_partner:
    - {id: able, kind: scale, points: 7, text: Able, labels: [not at all, very]}
  end:
    - {id: again, kind: choice, text: Again, options: ["yes", "no"]}
    - {id: remarks, kind: text, text: Remarks, required: false}
ranking: Whom did you like best?
"""


def study_of(text: str = STUDY_FILE) -> StudySpec:
    document = parse(text, "small.yaml")
    study = validate(document, StudySpec)
    check_study(study, document)
    return study


def answer(step: Step, liking: dict[str, int] | None = None) -> dict[str, Any]:
    """What a participant gives back, who likes partners as `liking` says."""
    liking = liking or {}
    if isinstance(step, Consent):
        return {"agreed": True}
    if isinstance(step, Ranking):
        return {"ranking": sorted((label for label, _ in step.partners), key=lambda label: -liking.get(label, 0))}
    if isinstance(step, Form):
        given = {"scale": liking.get(step.partner or "", 3), "number": 30, "text": '=words, "and" more'}
        return {"answers": {each.id: given.get(each.kind, each.options[0:1] and each.options[0])
                            for each in step.questions}}  # fmt: skip
    return {}


def team_of(step: Playing, human: Agent) -> list[Agent]:
    """The participant's agent and the partner, in order of seats."""
    if step.partner is None:
        return [human]
    clock = ClockSpec(kind="real", hz=step.study.hz)
    partner = make_answered_agent(step.partner.name, step.partner.options, step.study.reasoner, step.seed, clock)
    return [partner, human] if step.seat else [human, partner]


def cook(session: Session, step: Playing, human: str = "fsm") -> Path:
    """Play a game of the session with an agent in the participant's place."""
    writer = RecordingWriter(session.recording(step), session.header(step))
    mode = step.study.messages
    play(step.kitchen, team_of(step, make_agent(human)), step.seed, step.script, mode=mode, recorder=writer)
    return writer.path


def walk(session: Session, stop: str | None = None, liking: dict[str, int] | None = None, human: str = "fsm") -> None:
    """Do every step up to the one called `stop`."""
    while (step := session.current) is not None and step.id != stop:
        if isinstance(step, Playing):
            cook(session, step, human)
        session.finish(step, answer(step, liking))


@pytest.mark.parametrize("count", range(1, 9))
def test_generated_orders_are_balanced(count: int) -> None:
    labels = [f"p{i}" for i in range(count)]
    orders = balanced_orders(labels)
    assert len(orders) == (1 if count == 1 else 2 * count if count % 2 else count)
    assert all(sorted(order) == labels for order in orders)
    assert {n for place in zip(*orders, strict=True) for n in Counter(place).values()} == {len(orders) // count}
    after = Counter(pair for order in orders for pair in pairwise(order))
    assert len(after) == count * (count - 1)
    assert len(set(after.values())) <= 1
    assert unbalanced(labels, orders, carry_over=True) is None
    assert unbalanced(labels, balanced_orders(labels, carry_over=False), carry_over=False) is None


def test_what_is_not_balanced_is_noticed() -> None:
    shifted = balanced_orders("abcd", carry_over=False)
    problem = unbalanced("abcd", shifted, carry_over=True)
    assert problem is not None
    assert "carried over" in problem[1]
    assert unbalanced("ab", [("a", "b"), ("a", "b")], carry_over=False) is not None
    assert unbalanced("abc", [("a", "b", "b")], carry_over=False) == (0, "expected each of a, b, c once")


def test_a_round_of_participants_meets_every_partner_in_every_place_and_kitchen_order() -> None:
    study = study_of()
    met: Counter[tuple[int, str, str]] = Counter()
    for number in range(1, study.order_count + 1):
        games = [step for step in schedule(study, number) if isinstance(step, Game)]
        assert len(games) == study.games_per_participant == 4
        for game in games:
            met[game.game, str(game.partner and game.partner.known_as), game.kitchen_name] += 1
            assert game.hat == study.hats[game.block - 1]
    assert set(met.values()) == {1}
    assert len(met) == 4 * 2 * 2


def test_every_participant_has_the_same_orders() -> None:
    study = study_of()
    scripts = {
        number: [(step.seed, step.script) for step in schedule(study, number) if isinstance(step, Game)]
        for number in (1, 2, 3, 4)
    }
    assert all(each == scripts[1] for each in scripts.values())
    assert len({script for _, script in scripts[1]}) == 4
    other = study.model_copy(update={"seed": 1})
    assert [step.script for step in schedule(other, 1) if isinstance(step, Game)] != [s for _, s in scripts[1]]


def test_one_kitchen_each_divides_participants_evenly() -> None:
    study = study_of().model_copy(update={"kitchens_per_participant": "one"})
    assert Counter(kitchen_order(study, number) for number in range(1, 5)) == {
        ("new_counter_circuit",): 2, ("new_asymmetric_advantages",): 2,
    }  # fmt: skip
    assert len([step for step in schedule(study, 1) if isinstance(step, Game)]) == 2


def test_step_ids_are_unique_and_the_same_every_time() -> None:
    for name in StudySpec.names():
        study = StudySpec.load(name)
        for number in range(1, 1 + study.order_count):
            steps = schedule(study, number)
            assert len({step.id for step in steps}) == len(steps)
            assert steps == schedule(study, number)
            assert [steps[0].id, steps[-1].id] == ["consent", "thanks"]


def test_the_bundled_studies_are_what_they_say() -> None:
    paper, quick = StudySpec.load("paper"), StudySpec.load("five_minutes")
    assert (len(paper.partners), paper.games, len(paper.kitchens)) == (4, 2, 2)
    steps = schedule(quick, 1)
    seconds = sum(step.seconds for step in steps if isinstance(step, Playing))
    questions = sum(len(step.questions) for step in steps if isinstance(step, Form))
    assert seconds + 12 * questions < 300
    with pytest.raises(BrigadeError, match="did you mean 'paper'"):
        StudySpec.load("papr")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: fsm", "name: fms", "small.yaml:7: partners.0: unknown agent 'fms'; did you mean 'fsm'?"),
        ("label: helper", "label: machine", "small.yaml:8: partners.1: two partners are called 'machine'"),
        ("games: 1", "game: 1", "small.yaml:10: game: unknown key; did you mean 'games'?"),
        ("[new_counter_circuit,", "[new_counter_circuit_solo,", "small.yaml:9: kitchens.0: kitchen 'new_counter_circuit"
         "_solo' has 1 chefs, expected 2"),
        ("[new_counter_circuit,", "[new_counter_circiut,", "did you mean 'new_counter_circuit'?"),
        ("solo: {seconds: 30}", "solo: {kitchen: cramped_room}", "small.yaml:13: solo.kitchen: kitchen 'cramped_room'"),
        ("participants: 4", "participants: 6", "small.yaml:5: participants: 6 participants cannot be balanced over 4"),
        ("games: 1", "games: 1\norders: [[machine, helper], [machine, helper]]", "small.yaml:11: orders.0: not balan"),
        ("games: 1", "games: 1\norders: [[machine, helpr]]", "unknown partner 'helpr'; did you mean 'helper'?"),
        ("id: remarks", "id: again", "small.yaml:23: questionnaires.end.1.id: question id 'again' is there twice"),
        ("We store what your chef does.", "' '", "small.yaml:4: consent: is empty"),
        ("seconds: 30\npractice", "hz: 99\nseconds: 30\npractice", "small.yaml:11: hz: input should be less than"),
        ("points: 5", "points: 5, labels: [low]", "a scale of 5 points has no labels, 2 for its ends, or 5, got 1"),
        ('options: ["yes", "no"]', "options: [x]", "a choice needs at least two different options"),
        ("games: 1", "games: 1\norder_scripts: [[BeefBurger]]", "4 games need as many order scripts, got 1"),
        ("games: 1", "games: 1\norder_scripts: none.json", "small.yaml:11: order_scripts: order scripts"),
        ("games: 1", "games: 1\nhats: [green]", "2 partners need as many hats, got 1"),
        ("games: 1", "games: 1\nhats: [green, blau]", "small.yaml:11: hats.1: unknown hat 'blau'"),
        ("games: 1", "games: 1\norder_scripts: [[Cake], [Cake], [Cake], [Cake]]", "unknown dish 'Cake'"),
    ],
)  # fmt: skip
def test_a_wrong_study_is_refused_with_its_line(old: str, new: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(STUDY_FILE.replace(old, new), encoding="utf-8")
    with pytest.raises(BrigadeError) as caught:
        StudySpec.load(path)
    assert message in str(caught.value).replace(str(tmp_path) + os.sep, "")


def test_answers_are_checked() -> None:
    scale = Question(id="q", kind="scale", text="?", points=5)
    assert scale.check("4") == 4
    for wrong in (0, 6, 2.5, "x", None, "", "nan", "inf"):
        with pytest.raises(BrigadeError):
            scale.check(wrong)
    number = Question(id="q", kind="number", text="?", min=18, required=False)
    assert number.check("") is None
    assert number.check("18.5") == 18.5
    with pytest.raises(BrigadeError, match="at least 18"):
        number.check("3")
    with pytest.raises(BrigadeError, match="one of: a, b"):
        Question(id="q", kind="choice", text="?", options=("a", "b")).check("c")
    assert Question(id="q", kind="text", text="?", max_length=3).check(" abcd ") == "abc"


def test_a_session_from_consent_to_thanks(tmp_path: Path) -> None:
    with StudyFolder(tmp_path, study_of()) as folder:
        session = folder.session("anna")
        walk(session)
        assert (session.over, session.current, session.place) == ("finished", None, (17, 17))
        with pytest.raises(BrigadeError, match="participant 'anna' has finished this study already"):
            folder.session("anna")
        assert folder.session("ben_2").number == 2
        with pytest.raises(BrigadeError, match="expected 1 to 40 letters"):
            folder.session("../x")
    named = [path for path in tmp_path.rglob("*") if path.is_file() and b"anna" in path.read_bytes()]
    assert named == [tmp_path / PARTICIPANTS]
    game = read_recording(tmp_path / "participants" / "0001" / "game-01.jsonl.zst")
    assert game.header["ids"] | {"hat": study_of().hats[0]} == game.header["ids"]
    assert game.header["ids"]["participant"] == 1
    assert [agent.get("human", False) for agent in game.header["agents"]] == [True, False]
    assert game.first_difference() is None


def test_a_crash_in_a_game_keeps_what_was_recorded_and_repeats_only_that_game(tmp_path: Path) -> None:
    with StudyFolder(tmp_path, study_of()) as folder:
        session = folder.session("anna")
        walk(session, stop="game-02")
        step = session.current
        assert isinstance(step, Game)
        whole = cook(session, step).read_bytes()
    cut = tmp_path / "participants" / "0001" / "game-02.jsonl.zst"
    cut.write_bytes(whole[: len(whole) // 2])  # as a crash leaves it
    finished = (tmp_path / "participants" / "0001" / STEPS).read_bytes()
    with StudyFolder(tmp_path, study_of()) as folder:
        session = folder.session("anna")
        assert session.current == step
        with pytest.raises(BrigadeError, match="no whole recording"):
            session.finish(step)
        assert session.recording(step).name == "game-02-attempt-2.jsonl.zst"
        walk(session)
        assert session.done["game-02"]["recording"] == "game-02-attempt-2.jsonl.zst"
    assert cut.read_bytes() == whole[: len(whole) // 2]
    assert (tmp_path / "participants" / "0001" / STEPS).read_bytes().startswith(finished)


def test_a_game_that_ended_just_before_the_crash_is_not_played_again(tmp_path: Path) -> None:
    with StudyFolder(tmp_path, study_of()) as folder:
        session = folder.session("anna")
        walk(session, stop="game-01")
        assert isinstance(session.current, Game)
        cook(session, session.current)
    with StudyFolder(tmp_path, study_of()) as folder:
        session = folder.session("anna")
        assert session.current is not None
        assert session.current.id == "after_each_game-01"
        assert "game-01 had ended before the crash" in folder.notes[0]


def test_steps_are_finished_in_order_and_with_what_belongs_to_them(tmp_path: Path) -> None:
    with StudyFolder(tmp_path, study_of()) as folder:
        session = folder.session("anna")
        with pytest.raises(BrigadeError, match="'thanks' is not the current one, which is 'consent'"):
            session.finish(session.steps[-1])
        with pytest.raises(BrigadeError, match="consent"):
            session.finish(session.steps[0])
        walk(session, stop="ranking")
        assert session.current is not None
        with pytest.raises(BrigadeError, match="each once"):
            session.finish(session.current, {"ranking": ["machine", "machine"]})
        assert session.current.id == "ranking"


def test_whoever_withdraws_does_not_come_back(tmp_path: Path) -> None:
    with StudyFolder(tmp_path, study_of()) as folder:
        folder.session("anna").withdraw("no time")
        with pytest.raises(BrigadeError, match="has withdrawn from this study already"):
            folder.session("anna")


def test_a_line_that_a_crash_cut_off_is_reported_and_left_out(tmp_path: Path) -> None:
    with StudyFolder(tmp_path, study_of()) as folder:
        walk(folder.session("anna"), stop="practice")
    path = tmp_path / "participants" / "0001" / STEPS
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    with StudyFolder(tmp_path, study_of()) as folder:
        session = folder.session("anna")
        assert session.current is not None
        assert session.current.id == "before"
        assert "cut off by a crash" in folder.notes[0]
        walk(session, stop="practice")
    path.write_bytes(path.read_bytes().replace(b'"step":"consent"', b'"step":consent'))
    with (
        StudyFolder(tmp_path, study_of()) as folder,
        pytest.raises(BrigadeError, match=rf"{STEPS}:2: damaged"),
    ):
        folder.session("anna")


def test_a_full_disk_loses_nothing_that_was_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with StudyFolder(tmp_path, study_of()) as folder:
        session = folder.session("anna")
        walk(session, stop="practice")
        path = tmp_path / "participants" / "0001" / STEPS
        before = path.read_bytes()
        step = session.current
        assert step is not None

        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            with pytest.raises(BrigadeError, match="No space left on device; what was finished before is kept"):
                session.finish(step)
        assert path.read_bytes() == before
        assert session.current == step
        session.finish(step)
        assert b'"practice"' in path.read_bytes()


def test_another_study_in_the_folder_is_refused(tmp_path: Path) -> None:
    StudyFolder(tmp_path, study_of()).close()
    with pytest.raises(BrigadeError, match=r"holds another study: games is 1 there and 2 here"):
        StudyFolder(tmp_path, study_of(STUDY_FILE.replace("games: 1", "games: 2")))
    other = study_of().model_copy(update={"partners": (PartnerSpec(name="stay"),)})
    with pytest.raises(BrigadeError, match="partners is"):
        StudyFolder(tmp_path, other)
    StudyFolder(tmp_path, study_of()).close()  # refusing has let go of the lock
    assert (tmp_path / STUDY).exists()


HOLD = """
import sys
from brigade.human_play.study.progress import StudyFolder
from brigade.human_play.study.study import StudySpec
folder = StudyFolder(sys.argv[1], StudySpec.load(sys.argv[2]))
print("open", flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_refused_until_the_first_is_gone_however_it_went(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(STUDY_FILE, encoding="utf-8")
    data = tmp_path / "data"
    first = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(data), str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert first.stdout is not None
        assert first.stdout.readline() == "open\n"
        with pytest.raises(BrigadeError, match=f"process {first.pid} is working in this study's folder"):
            StudyFolder(data, StudySpec.load(path))
    finally:
        first.kill()
        first.communicate()
    with StudyFolder(data, StudySpec.load(path)) as folder:
        assert folder.session("anna").number == 1


def test_a_partner_that_thinks_is_answered_by_the_studys_reasoner(tmp_path: Path) -> None:
    reasoner = ReasonerSpec(quality=0.3)
    study = study_of().model_copy(
        update={"partners": (PartnerSpec(name="dpt"), PartnerSpec(name="fsm")), "reasoner": reasoner}
    )
    game = next(step for step in schedule(study, 1) if isinstance(step, Game))
    with StudyFolder(tmp_path, study) as folder:
        session = folder.session("anna")
        for seat in (0, 1):
            setup = setup_of(replace(game, seat=seat), session)
            assert setup.reasoner == reasoner
            agents = HumanGame(replace(setup, recording=None), [Stick()]).agents
            assert type(agents[1 - seat]).__name__ == "DualProcessAgent"
            assert isinstance(agents[seat], Person)


def test_the_study_in_the_documentation_works(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "studies.md").read_text("utf-8")
    text = page.split("```yaml\n")[1].split("```")[0]
    (tmp_path / "helpers.yaml").write_text(text, encoding="utf-8")
    assert StudySpec.load(tmp_path / "helpers.yaml").order_count == 4


def test_without_the_ids_the_study_is_not_gone_on_with(tmp_path: Path) -> None:
    with StudyFolder(tmp_path, study_of()) as folder:
        walk(folder.session("anna"), stop="practice")
    (tmp_path / PARTICIPANTS).unlink()
    with pytest.raises(BrigadeError, match="names fewer participants than there are"):
        StudyFolder(tmp_path, study_of())

"""From a study's folder to figures: games, contributions, rankings and answers, with bootstrap intervals.

Scores and contributions come from the recordings alone, and only from those that replay to the last tick; the others
are named. Intervals are 95% percentile intervals over participants, drawn with replacement, each with all games.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, FiniteFloat

from brigade.batch.estimate import SEED, Interval, interval
from brigade.envs.content import checked
from brigade.envs.registry import BrigadeError
from brigade.human_play.study.progress import FOLDERS, STEPS, read_steps, read_study
from brigade.human_play.study.schedule import kitchen_order, partner_order
from brigade.human_play.study.study import Question, StudySpec
from brigade.simulation.recording import ENDING, Recording, read_recording

FITS = 500  # draws of participants, for an interval of a strength
PRIOR = 0.1  # comparisons won each way that every pair is given: a partner that always wins keeps a finite strength
Answer = int | float | str | None


@dataclass(frozen=True)
class GameRow:
    """One game that a participant finished.

    Attributes:
        participant: number.
        block: from 1, in the order in which partners were met.
        partner: label.
        hat: what the partner was called.
        kitchen: where.
        game: from 1, over all games of the participant.
        score: points of the team; None when the recording cannot be trusted.
        contribution: the participant's share of the interactions in dishes that were paid for, 0 to 1; None when none
            was paid for, or with `score`.
        solo_score: of the participant's game alone, None without one.
        rank: 1 for the partner that was liked best, None when the participant did not rank.
        responses: answers, by `questionnaire.question`.
        recording: path of the file.
        problem: why the recording cannot be trusted, empty when it can.
    """

    participant: int
    block: int
    partner: str
    hat: str
    kitchen: str
    game: int
    score: int | None
    contribution: float | None
    solo_score: int | None
    rank: int | None
    responses: dict[str, Answer]
    recording: Path
    problem: str


@dataclass(frozen=True)
class Participant:
    """One participant.

    Attributes:
        number: from 1.
        state: finished, withdrawn or unfinished.
        steps: how many steps are finished.
        cut: recordings of games that a crash ended; they were played again.
        answers: by the form's step id, then by the question's id.
        ranking: labels, the one liked best first; None when not ranked.
        rows: finished games.
        solo_score: None without a solo game.
        problems: what is wrong, other than with single games.
    """

    number: int
    state: str
    steps: int
    cut: int
    answers: dict[str, dict[str, Answer]]
    ranking: tuple[str, ...] | None
    rows: tuple[GameRow, ...]
    solo_score: int | None
    problems: tuple[str, ...]


@dataclass(frozen=True)
class StudyData:
    """What a study's folder holds.

    Attributes:
        folder: where.
        study: as it was run.
        provenance: of the code that first ran it.
        participants: in order of their numbers.
        notes: what was found on reading, such as lines that a crash had cut off.
    """

    folder: Path
    study: StudySpec
    provenance: dict[str, Any]
    participants: tuple[Participant, ...]
    notes: tuple[str, ...]

    @property
    def rows(self) -> list[GameRow]:
        """All finished games."""
        return [row for participant in self.participants for row in participant.rows]

    @property
    def problems(self) -> list[str]:
        """Everything that is wrong with recordings."""
        games = [f"{row.recording}: {row.problem}" for row in self.rows if row.problem]
        return games + [problem for participant in self.participants for problem in participant.problems]

    @property
    def states(self) -> Counter[str]:
        """How many participants have finished, withdrawn, or not finished."""
        return Counter(participant.state for participant in self.participants)

    @property
    def cut(self) -> int:
        """Recordings of games that a crash ended."""
        return sum(participant.cut for participant in self.participants)

    @property
    def uneven(self) -> str:
        """In words, that those who finished do not make whole rounds of all orders; empty if they do."""
        rounds: Counter[int] = Counter()
        for participant in self.participants:
            rounds[(participant.number - 1) % self.study.order_count] += participant.state == "finished"
        counts = [rounds[order] for order in range(self.study.order_count)]
        if max(counts) == min(counts):
            return ""
        return f"not balanced yet: the {len(counts)} orders were finished {min(counts)} to {max(counts)} times"


@dataclass(frozen=True)
class Strength:
    """How a partner was liked.

    Attributes:
        partner: label.
        strength: log of the Bradley-Terry strength, 0 on average; low and high are of its 95% bootstrap interval.
        rank: mean of the ranks, 1 is best.
        first: share of participants who ranked it first.
    """

    partner: str
    strength: Interval
    rank: float
    first: float


def read_data(folder: str | Path) -> StudyData:
    """Read a study's folder, and replay its recordings. Nothing is changed; a study that is going on will do.

    Raises:
        BrigadeError: no study's folder, or one of its own files is damaged.
    """
    folder = Path(folder)
    record = read_study(folder)
    study = checked(StudySpec, record.get("study"), f"{folder}: the study cannot be read here: ")
    notes, participants = [], []
    for path in sorted(each for each in (folder / FOLDERS).glob("*") if each.name.isdigit()):
        try:
            steps, note = read_steps(path / STEPS)
            notes += [note] if note else []
            participants.append(_participant(study, int(path.name), path, steps))
        except BrigadeError as error:  # what others did is there all the same
            notes.append(f"participant {int(path.name)} is left out: {error}")
    provenance = record.get("provenance")
    made_by = provenance if isinstance(provenance, dict) else {}
    return StudyData(folder, study, made_by, tuple(participants), tuple(notes))


class _Step(BaseModel):
    """What the report reads of the data of a step."""

    recording: str = ""
    answers: dict[str, FiniteFloat | str | None] = {}
    ranking: list[str] | None = None


def _check_steps(done: Mapping[str, Any], study: StudySpec, number: int, folder: Path) -> None:
    """See that steps hold what steps hold.

    Raises:
        BrigadeError: one does not, or it is a game that the study does not have.
    """
    games = len(kitchen_order(study, number)) * study.games * len(partner_order(study, number))
    for step, data in done.items():
        checked(_Step, data, f"{folder / STEPS}: damaged: step {step[:40]}: ")
        game = step.removeprefix("game-")
        if game != step and not (game.isascii() and game.isdigit() and 1 <= int(game) <= games):
            raise BrigadeError(f"{folder / STEPS}: damaged: step {step[:40]}, and the study has {games} games")


def _participant(study: StudySpec, number: int, folder: Path, lines: list[dict[str, Any]]) -> Participant:
    done: dict[str, dict[str, Any]] = {str(line["step"]): line["data"] for line in lines if "step" in line}
    _check_steps(done, study, number, folder)
    withdrawn = any("withdrawn" in line for line in lines)
    answers = {step: data["answers"] for step, data in done.items() if isinstance(data.get("answers"), dict)}
    ranking = done.get("ranking", {}).get("ranking")
    problems: list[str] = []
    solo_score = None
    if "solo" in done:
        path = folder / str(done["solo"].get("recording"))
        solo_score, _, problem = _checked(path, {"participant": number, "step": "solo"})
        problems += [f"{path}: {problem}"] if problem else []
    ranks = {label: place for place, label in enumerate(ranking or [], 1)}
    rows = [
        _row(study, number, folder / str(data.get("recording")), int(step[5:]), answers, solo_score, ranks)
        for step, data in done.items()
        if step.startswith("game-")
    ]
    kept = {str(data.get("recording")) for data in done.values()}
    attempts = [path.name for path in folder.glob(f"*{ENDING}")] if folder.is_dir() else []
    return Participant(
        number=number,
        state="withdrawn" if withdrawn else "finished" if "thanks" in done else "unfinished",
        steps=len(done),
        cut=len([name for name in attempts if name not in kept]),
        answers=answers,
        ranking=tuple(map(str, ranking)) if ranking else None,
        rows=tuple(rows),
        solo_score=solo_score,
        problems=tuple(problems),
    )


def _row(
    study: StudySpec,
    number: int,
    path: Path,
    game: int,
    answers: Mapping[str, Mapping[str, Answer]],
    solo_score: int | None,
    ranks: Mapping[str, int],
) -> GameRow:
    kitchens = kitchen_order(study, number)
    block, within = divmod(game - 1, len(kitchens) * study.games)
    partner = partner_order(study, number)[block]
    ids = {"participant": number, "step": f"game-{game:02}", "game": game, "block": block + 1, "partner": partner}
    score, contribution, problem = _checked(path, ids)
    forms = {
        "before": "before", "after_each_game": f"after_each_game-{game:02}",
        "after_each_partner": f"after_each_partner-{block + 1}", "end": "end",
    }  # fmt: skip
    return GameRow(
        participant=number,
        block=block + 1,
        partner=partner,
        hat=study.hats[block],
        kitchen=kitchens[within // study.games],
        game=game,
        score=score,
        contribution=contribution,
        solo_score=solo_score,
        rank=ranks.get(partner),
        responses={
            f"{name}.{question.id}": answers.get(form, {}).get(question.id)
            for name, form in forms.items()
            for question in getattr(study.questionnaires, name)
        },
        recording=path,
        problem=problem,
    )


def _checked(path: Path, ids: Mapping[str, Any]) -> tuple[int | None, float | None, str]:
    """Score and contribution of the participant in a recording that can be trusted, or else why it cannot."""
    try:
        recording = read_recording(path)
        problem = _problem(recording, ids)
    except BrigadeError as error:
        return None, None, str(error).removeprefix(f"{path}: ")
    if problem or recording.end is None:
        return None, None, problem
    result = recording.end["result"]
    return int(result["score"]), result["contribution_rate"][recording.header["ids"]["seat"]], ""


def _problem(recording: Recording, ids: Mapping[str, Any]) -> str:
    if recording.end is None or not recording.end.get("finished"):
        return recording.cut or "the game was not played to its end"
    for key, value in ids.items():
        if recording.header.get("ids", {}).get(key) != value:
            return f"recorded as {key} {recording.header.get('ids', {}).get(key)!r}, expected {value!r}"
    difference = recording.first_difference()
    if difference:
        return f"does not replay: {difference}"
    *_, game = recording.play_again()
    shares: list[int] = game.state.contribution[0].tolist()
    total = sum(shares)
    if recording.end["result"]["contribution_rate"] != [share / total if total else None for share in shares]:
        return "does not replay: the contributions at the end differ"
    return ""


def by_partner(rows: Iterable[GameRow], value: str, partner: str, kitchen: str | None = None) -> Interval:
    """Mean over participants of the mean of their games with a partner.

    Args:
        rows: of all participants.
        value: `score`, `contribution`, or the key of a response that is a number.
        partner: label.
        kitchen: only games there; default all.
    """
    values: dict[int, list[float]] = {}
    for row in rows:
        if row.partner == partner and kitchen in (None, row.kitchen):
            found = getattr(row, value) if value in ("score", "contribution") else row.responses.get(value)
            if isinstance(found, int | float):
                values.setdefault(row.participant, []).append(float(found))
    return interval([float(np.mean(each)) for each in values.values()])


@lru_cache(maxsize=16)  # the console, the page and the plot ask for the same
def strengths(labels: tuple[str, ...], rankings: tuple[tuple[str, ...], ...]) -> tuple[Strength, ...]:
    """Bradley-Terry strengths from rankings, every pair of a ranking one comparison.

    Args:
        labels: of the partners.
        rankings: one per participant, best first; each has all labels.

    Returns:
        One per label; empty when nobody ranked.

    Raises:
        BrigadeError: the package choix is not installed.
    """
    if not rankings:
        return ()
    wins = np.zeros((len(rankings), len(labels), len(labels)))  # [participant, better, worse]
    for number, ranking in enumerate(rankings):
        places = [labels.index(label) for label in ranking]
        for place, better in enumerate(places):
            wins[number, better, places[place + 1 :]] = 1
    fitted = _fit(wins.sum(axis=0))
    random = np.random.default_rng(SEED)
    low: list[float | None] = [None] * len(labels)
    high = low
    if len(rankings) > 1:
        draws = random.integers(len(rankings), size=(FITS, len(rankings)))
        fits = [_fit(wins[draw].sum(axis=0)) for draw in draws]
        low, high = np.percentile(fits, (2.5, 97.5), axis=0).tolist()
    found = []
    for i, label in enumerate(labels):
        ranks = [ranking.index(label) + 1 for ranking in rankings]
        strength = Interval(float(fitted[i]), low[i], high[i], len(rankings))
        found.append(Strength(label, strength, float(np.mean(ranks)), ranks.count(1) / len(ranks)))
    return tuple(found)


def _fit(wins: NDArray[np.float64]) -> NDArray[np.float64]:
    try:
        import choix
    except ImportError:
        raise BrigadeError("rankings need the package choix; install it with: pip install 'brigade[study]'") from None
    return np.asarray(choix.ilsr_pairwise_dense(wins + PRIOR * (1 - np.eye(len(wins))), max_iter=1000), np.float64)


def rankings_of(data: StudyData) -> tuple[tuple[str, ...], ...]:
    """The rankings that there are, one per participant."""
    labels = sorted(data.study.labels)
    return tuple(each.ranking for each in data.participants if each.ranking and sorted(each.ranking) == labels)


def counts_of(data: StudyData, name: str, question: Question) -> Counter[str]:
    """How often each answer was given to a question of the questionnaire `name`, each form counted once."""
    forms = [
        answers.get(question.id)
        for participant in data.participants
        for form, answers in participant.answers.items()
        if form == name or form.startswith(f"{name}-")
    ]
    return Counter(str(answer) for answer in forms if answer is not None)


def overall(data: StudyData, name: str, question: Question) -> Interval:
    """Mean answer to a question that is asked once, of numbers."""
    found = [participant.answers.get(name, {}).get(question.id) for participant in data.participants]
    return interval([float(answer) for answer in found if isinstance(answer, int | float)])

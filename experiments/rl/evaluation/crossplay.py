"""Cross-play: every policy with every partner, in both seats (Strouse et al. 2021; Wang et al. 2024, "ZSC-Eval").

Self-play says how well a policy knows itself. Cross-play says how well it coordinates with whom it has not met.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from pydantic import BaseModel, Field, StrictInt
from rich.console import Console

from brigade.batch.configuration.config import Configuration
from brigade.batch.configuration.specs import AgentSpec, KitchenChoice
from brigade.batch.folder.resume import refuse_change, refuse_other_files
from brigade.batch.folder.run_folder import Kind, Record, RunFolder
from brigade.batch.running.jobs import run_jobs
from brigade.batch.running.machine import cores
from brigade.batch.running.progress import progress_bar
from brigade.envs.content import Document
from brigade.envs.kitchen.content.layout import kitchen_digest
from brigade.envs.kitchen.engine.game import Game
from brigade.envs.plugins import import_plugins
from brigade.envs.registry import BrigadeError, unknown
from brigade.experiments.rl.config import TRAINED, array_observer
from brigade.experiments.rl.evaluation.evaluate import SEED, play_batch
from brigade.experiments.rl.evaluation.players import expand, identity, make_player

PAIRS = "pairs.jsonl"
WHY = {
    "episodes": "No more can be added: those of a team are played side by side and draw in turn, so that with more of "
    "them each is another one"
}
Team = tuple[str, str]  # who is in seat 0 and in seat 1, by label


class CrossplayConfig(Configuration):
    """Who is measured with whom.

    Attributes:
        policies: what is measured, by label. A checkpoint with `*` in it stands for all that it matches, whose labels
            have the numbers of their folders after them (`pop 3` of `seed_3`), or else their places.
        partners: with whom; None for the policies themselves.
        best_responses: by partner, a policy that was trained for it and shows what can be earned with it. Where there
            is none, the best of the policies stands in, which makes proximities too large.
        greedy: take the most probable action in place of drawing one.
        workers: processes that play at once; 0 plays in this one.
    """

    what: ClassVar = "cross-play"
    bundled: ClassVar = Path(__file__).parent / "configs"
    results: ClassVar = "results/crossplay"

    kitchen: KitchenChoice
    observation: str = "features"
    policies: dict[str, AgentSpec] = Field(min_length=1)
    partners: dict[str, AgentSpec] | None = None
    best_responses: dict[str, AgentSpec] = {}
    episodes: int = Field(20, ge=1)
    greedy: bool = False
    workers: int | None = Field(None, ge=0)

    def checked(self, document: Document) -> Self:
        """The configuration, once it is known that kitchen, observation and agents are there, and for two chefs."""
        kitchen = self.kitchen.check(document, "kitchen")
        if kitchen.chefs != 2:
            raise document.error(f"cross-play is for two chefs; this kitchen has {kitchen.chefs}", "kitchen")
        array_observer(self.observation, kitchen, document)
        groups = {"policies": self.policies, "partners": self.partners or {}, "best_responses": self.best_responses}
        for key, specs in groups.items():
            for label, spec in specs.items():
                if spec.name != TRAINED:  # those are read later: a name may stand for many
                    spec.check(document, key, label)
        return self


@dataclass(frozen=True)
class Crossplay:
    """What was measured.

    Attributes:
        policies, partners: labels.
        scores: of each episode, by team.
        best: label of what shows the best response to a partner, by partner.
    """

    policies: list[str]
    partners: list[str]
    scores: dict[Team, list[int]]
    best: dict[str, str]


def crossplay(config: CrossplayConfig, console: Console) -> Crossplay:
    """Play what is missing.

    Raises:
        BrigadeError: a policy does not fit the kitchen, a label stands for two policies or for none, or the folder
            holds something else; what is finished is kept.
    """
    policies, best = _labelled(config.policies, config.greedy), _labelled(config.best_responses, config.greedy)
    partners = policies if config.partners is None else _labelled(config.partners, config.greedy)
    for label in best:
        if label not in partners:
            raise unknown("partner", label, partners, "best_responses")
    cast = _cast(policies, partners, {f"best response to {label}": spec for label, spec in best.items()})
    pairs = [(one, other) for one in policies for other in partners]
    pairs += [(f"best response to {label}", label) for label in best]
    teams = list(dict.fromkeys(team for one, other in pairs for team in ((one, other), (other, one))))
    with _folder(config, cast) as folder:
        missing = [team for team in teams if team not in folder.done]
        console.print(f"{config.name}: {len(teams)} teams, {len(missing)} to be played")
        Game(config.kitchen.load()).reset(0)  # compile here, once, rather than in every worker
        workers = len(cores()) if config.workers is None else config.workers
        work = partial(_play_team, config, cast)
        before = partial(import_plugins, config.plugins)
        with progress_bar(console, config.name, len(teams), len(teams) - len(missing)) as bar:
            for team, outcome in run_jobs(work, missing, min(workers, len(missing)), before=before, show=True):
                if isinstance(outcome, BrigadeError):
                    raise BrigadeError(f"{' + '.join(team)}: {outcome}")
                folder.add({"team": team, "scores": outcome})
                bar.advance()
        folder.finish(teams)
        scores = {team: folder.done[team]["scores"] for team in teams}
    return Crossplay(list(policies), list(partners), scores, {label: f"best response to {label}" for label in best})


def _labelled(specs: dict[str, AgentSpec], greedy: bool) -> dict[str, AgentSpec]:
    """Every policy with a label of its own."""
    every: dict[str, AgentSpec] = {}
    for label, spec in specs.items():
        found = expand([spec])
        for name, each in zip(_members(label, found), found, strict=True):
            chooses = {"greedy": greedy} if each.name == "neural" else {}
            every = _cast(every, {name: AgentSpec(name=each.name, options={**chooses, **each.options})})
    return every


def _members(label: str, found: Sequence[AgentSpec]) -> list[str]:
    """The labels of what one label stands for."""
    if len(found) == 1:
        return [label]
    folders = (re.search(r"seed_([0-9]+)/*$", str(each.options.get("checkpoint"))) for each in found)
    numbers = list(dict.fromkeys(folder[1] for folder in folders if folder))
    return [f"{label} {number}" for number in (numbers if len(numbers) == len(found) else range(len(found)))]


def _cast(*groups: dict[str, AgentSpec]) -> dict[str, AgentSpec]:
    """All of them by label.

    Raises:
        BrigadeError: a label stands for two policies.
    """
    every: dict[str, AgentSpec] = {}
    for label, spec in (each for group in groups for each in group.items()):
        if every.setdefault(label, spec) != spec:
            raise BrigadeError(f"'{label}' stands for {every[label]} and for {spec}; give one another label")
    return every


def _play_team(config: CrossplayConfig, cast: dict[str, AgentSpec], team: Team) -> list[int]:
    kitchen = config.kitchen.load()
    torch.set_num_threads(1)
    random = torch.Generator().manual_seed(SEED)
    players = [make_player(cast[label], kitchen, config.observation, random) for label in team]
    scores, _ = play_batch(config.kitchen, players, config.observation, config.episodes)
    return scores


def _team_of(record: Record) -> Team:
    one, other = record["team"]
    return one, other


class _First(BaseModel):
    cast: dict[str, AgentSpec] = {}
    digests: dict[str, Any] = {}


class _Line(BaseModel):
    team: tuple[str, str]
    scores: list[StrictInt]


CROSSPLAY = Kind(
    what="cross-play", file=PAIRS, header_format="brigade-crossplay", record="a team", key=_team_of, version=2,
    first=_First, line=_Line,
)  # fmt: skip


def _folder(config: CrossplayConfig, cast: dict[str, AgentSpec]) -> RunFolder:
    """The folder, open for adding to."""
    asked: Record = {
        "kitchen_digest": kitchen_digest(config.kitchen.load()),
        "observation": config.observation,
        "episodes": config.episodes,
        "plugins": [plugin.model_dump() for plugin in config.plugins],
    }
    specs = {label: spec.model_dump() for label, spec in cast.items()}
    digests = {label: identity(spec)["digest"] for label, spec in cast.items()}

    def going_on(header: Record, _: list[Record]) -> Record:
        """Anyone may join; who was there before must be who it was."""
        there, before = header.get("cast", {}), header.get("digests", {})
        both = [label for label in specs if label in there]
        members = {label: AgentSpec.model_validate(there[label]).model_dump() for label in both}
        new = {**asked, "version": CROSSPLAY.version, "cast": {label: specs[label] for label in both}}
        old = {"plugins": [], **header, "cast": members}  # earlier revisions wrote no plug-ins, as there were none
        refuse_change(config.folder, "another cross-play", {key: old.get(key) for key in new}, new, WHY)
        refuse_other_files(f"the results in {config.folder}", before, digests)
        return {"cast": {**specs, **there}, "digests": {**digests, **before}}

    return RunFolder(config.folder, CROSSPLAY, {**asked, "cast": specs, "digests": digests}, going_on)

"""The configuration of a prover-verifier run: YAML into frozen models, unknown keys refused."""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field, ValidationError

from brigade.batch.configuration.config import Configuration
from brigade.batch.configuration.specs import RaySpec, Seeds
from brigade.batch.configuration.vary import check_vary, combinations
from brigade.envs.budgets import EPISODES, check_count
from brigade.envs.content import Document, Model, first_problem
from brigade.envs.field_types import keys_of, type_at
from brigade.envs.registry import BrigadeError, unknown
from brigade.experiments.prover_verifier.listing import EXPERIMENTS
from brigade.experiments.prover_verifier.outcome import Experiment


class PvgConfig(Configuration):
    """An experiment, its settings, what varies, and the seeds.

    `settings` are those of the experiment; `vary` maps keys of theirs to the values to be played, whatever `settings`
    says of them. `seeds` is a list, or a number n for 0 to n-1. `checkpoints: false` keeps no state between rounds.
    """

    what: ClassVar = "prover-verifier configuration"
    bundled: ClassVar = Path(__file__).parent / "configs"

    experiment: str
    settings: dict[str, Any] = {}
    vary: dict[str, list[Any]] = {}
    seeds: Seeds = Field([0], min_length=1)
    checkpoints: bool = True
    replay: str | None = None
    ray: RaySpec = RaySpec()

    @classmethod
    def inside(cls, data: Mapping[str, Any]) -> dict[str, Any]:
        """What the settings may be, once it is known of which experiment."""
        try:
            settings = experiment_of(str(data.get("experiment"))).settings
        except BrigadeError:  # which is told when it is looked up
            return {}
        return {"settings": settings, "vary": {key: list[type_at(settings, key)] for key in keys_of(settings)}}  # type: ignore[misc]

    def checked(self, document: Document) -> Self:
        """The configuration, once it is known that the experiment can be played with all that varies."""
        for key in self.vary.keys() & self.settings.keys():
            if document.origin_of("settings", key):
                told = f"this varies; for one value say vary.{key}=[{json.dumps(self.settings[key])}]"
                raise document.error(told, "settings", key)
        settings = experiment_of(self.experiment).settings

        def fits(condition: dict[str, Any]) -> None:
            try:
                settings.model_validate({**self.settings, **condition})
            except ValidationError as error:
                path, message = first_problem(settings, error)
                raise document.error(message, "settings", *path) from None

        check_vary(self.vary, document, list(settings.model_fields), fits)
        return self


class PvgJob(Model):
    """Some seeds of an experiment under one condition."""

    experiment: str
    settings: dict[str, Any]
    condition: dict[str, Any]
    seeds: list[int]
    checkpoint: str | None = None

    @property
    def label(self) -> str:
        """The experiment under its condition."""
        return f"{self.experiment}{condition_text(self.condition)}"

    def key(self, seed: int) -> str:
        """What identifies one seed within its run."""
        return f"{self.label} seed={seed}"


def condition_text(condition: dict[str, Any]) -> str:
    """What varies, as it is: ` key=value` each."""
    return "".join(f" {name}={json.dumps(value)}" for name, value in condition.items())


def pvg_jobs(config: PvgConfig, done: frozenset[str] = frozenset()) -> list[PvgJob]:
    """What of a run is still to be played, as many seeds together as the experiment likes."""
    size, conditions = experiment_of(config.experiment).batch, combinations(config.vary)
    check_count(len(conditions) * len(config.seeds), EPISODES, "seeds under all conditions")
    jobs = []
    for condition in conditions:
        common = PvgJob(
            experiment=config.experiment, settings={**config.settings, **condition}, condition=condition, seeds=[]
        )
        missing = [seed for seed in config.seeds if common.key(seed) not in done]
        groups = (missing[i : i + size] for i in range(0, len(missing), size))
        jobs += [common.model_copy(update={"seeds": seeds}) for seeds in groups]
    return jobs


def resolved(config: PvgConfig) -> dict[str, Any]:
    """The settings with those that are left at their defaults, without what varies."""
    model = experiment_of(config.experiment).settings
    whole = model.model_validate({**config.settings, **combinations(config.vary)[0]}).model_dump(mode="json")
    return {key: value for key, value in whole.items() if key not in config.vary}


def digests_of(config: PvgConfig) -> dict[str, str]:
    """What a run reads besides its configuration, with what changes when that does; see `Experiment.reads`."""
    experiment = experiment_of(config.experiment)
    settings = [experiment.settings.model_validate({**config.settings, **each}) for each in combinations(config.vary)]
    return dict(sorted(entry for each in settings for entry in experiment.reads(each).items()))


def experiment_of(name: str) -> Experiment:
    """The experiment called `name`.

    Raises:
        BrigadeError: no such experiment, or what it needs is not installed.
    """
    if name not in EXPERIMENTS:
        raise unknown("experiment", name, EXPERIMENTS)
    try:
        found = pkgutil.resolve_name(f"brigade.experiments.prover_verifier.{EXPERIMENTS[name]}:EXPERIMENT")
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise BrigadeError(f"experiment '{name}' needs torch: pip install 'brigade[rl]'") from None
    assert isinstance(found, Experiment)
    return found

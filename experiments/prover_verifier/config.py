"""The configuration of a prover-verifier run: YAML into frozen models, unknown keys refused."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from brigade.envs.content import Document, Model, first_problem, read, validate
from brigade.envs.registry import BrigadeError, nearest, unknown
from brigade.experiments.kitchen.run.config import RaySpec, Seeds, change
from brigade.experiments.prover_verifier.outcome import Experiment

BUNDLED = Path(__file__).parent / "configs"


class PvgConfig(Model):
    """An experiment, its settings, what varies, and the seeds.

    `settings` are those of the experiment; `vary` maps keys of theirs to the values to be played, whatever `settings`
    says of them. `seeds` is a list, or a number n for 0 to n-1. `checkpoints: false` keeps no state between rounds.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    about: str = ""
    experiment: str
    settings: dict[str, Any] = {}
    vary: dict[str, list[Any]] = {}
    seeds: Seeds = Field([0], min_length=1)
    checkpoints: bool = True
    replay: str | None = None
    out: str | None = None
    ray: RaySpec = RaySpec()

    @property
    def folder(self) -> Path:
        """Where results go."""
        return Path(self.out or f"results/{self.name}")


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


def list_pvg_configs() -> list[str]:
    """Names of the configurations that come with Brigade."""
    return sorted(path.stem for path in BUNDLED.glob("*.yaml"))


def load_pvg_about(name: str) -> str:
    """The line about a bundled configuration, without importing what it needs."""
    return validate(read(BUNDLED / f"{name}.yaml"), PvgConfig).about


def load_pvg_config(path: str, changes: Sequence[str] = ()) -> PvgConfig:
    """A configuration from a file or by the name of a bundled one, with `key=value` changes.

    Raises:
        BrigadeError: an unknown file, key or experiment, or settings that do not fit; the message says where.
    """
    if path in list_pvg_configs():
        document = read(BUNDLED / f"{path}.yaml")
    elif path.endswith((".yaml", ".yml")):
        document = read(path)
    else:
        raise unknown("prover-verifier configuration", path, list_pvg_configs())
    own, document = document.data.get("settings"), change(document, changes)
    config = validate(document, PvgConfig)
    for key in config.vary.keys() & config.settings.keys():
        if not isinstance(own, dict) or own.get(key) != config.settings[key]:
            told = f"this varies; for one value say vary.{key}=[{json.dumps(config.settings[key])}]"
            raise document.error(told, "settings", key)
    experiment = experiment_of(config.experiment)
    for i in range(len(conditions_of(config))):
        _check_settings(config, experiment, document, conditions_of(config)[i])
    return config


def conditions_of(config: PvgConfig) -> list[dict[str, Any]]:
    """Every combination of what varies; one empty one if nothing does."""
    return [dict(zip(config.vary, values, strict=True)) for values in product(*config.vary.values())]


def pvg_jobs(config: PvgConfig, done: frozenset[str] = frozenset()) -> list[PvgJob]:
    """What of a run is still to be played, as many seeds together as the experiment likes."""
    size = experiment_of(config.experiment).batch
    jobs = []
    for condition in conditions_of(config):
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
    whole = model.model_validate({**config.settings, **conditions_of(config)[0]}).model_dump(mode="json")
    return {key: value for key, value in whole.items() if key not in config.vary}


def digests_of(config: PvgConfig) -> dict[str, str]:
    """What a run reads besides its configuration, with what changes when that does; see `Experiment.reads`."""
    experiment = experiment_of(config.experiment)
    settings = [experiment.settings.model_validate({**config.settings, **each}) for each in conditions_of(config)]
    return dict(sorted(entry for each in settings for entry in experiment.reads(each).items()))


def experiment_of(name: str) -> Experiment:
    """The experiment called `name`.

    Raises:
        BrigadeError: no such experiment, or what it needs is not installed.
    """
    from brigade.experiments.prover_verifier.listing import EXPERIMENTS

    if name not in EXPERIMENTS:
        raise unknown("experiment", name, EXPERIMENTS)
    module = EXPERIMENTS[name]
    for package in module.needs:
        if importlib.util.find_spec(package) is None:
            raise BrigadeError(f"experiment '{name}' needs {package}: pip install 'brigade[rl]'")
    return module.load()


def _check_settings(config: PvgConfig, experiment: Experiment, document: Document, condition: dict[str, Any]) -> None:
    for key, values in config.vary.items():
        if key not in experiment.settings.model_fields:
            known = list(experiment.settings.model_fields)
            raise document.error(f"cannot vary '{key}'; {nearest(key, known)}", "vary", key)
        if not values:
            raise document.error("no values", "vary", key)
    try:
        experiment.settings.model_validate({**config.settings, **condition})
    except ValidationError as error:
        path, message = first_problem(experiment.settings, error)
        raise document.error(message, "settings", *path) from None

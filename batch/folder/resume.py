"""The one rule for going on with what is in a folder; `docs/recordings.md` has it in words.

What is there and unchanged is kept, more may be asked for, less loses nothing, and another question is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from brigade.dual_process.old_names import config_now
from brigade.envs.content import Model
from brigade.envs.registry import BrigadeError

Config = dict[str, Any]
M = TypeVar("M", bound=Model)
ELSEWHERE = "choose another folder with out=DIR, or remove it"


def filled_in(where: Path, old: Any, model: type[M], told: Callable[[M], Config]) -> Config:
    """A configuration of an earlier revision as this one would write it: settings that came since have their defaults.

    Args:
        where: the folder or file, for messages.
        old: as it was written.
        model: what reads it.
        told: how it is written.

    Raises:
        BrigadeError: it has settings that there are no more, or is damaged.
    """
    try:
        return told(model.model_validate(old))
    except ValidationError as error:
        first = error.errors()[0]
        problem = "there is no such setting any more" if first["type"] == "extra_forbidden" else first["msg"]
        raise BrigadeError(f"{where}: {'.'.join(map(str, first['loc']))}: {problem}; {ELSEWHERE}") from None


def go_on(where: Path, holds: str, old: Config, new: Config, growing: Sequence[str] = ("seeds",)) -> Config:
    """The configuration of a folder that is gone on with: what is asked for now, and what was asked for before.

    Args:
        where: the folder, or a file.
        holds: what it holds if it is of another question, for the message.
        old: of what is there.
        new: what is asked for.
        growing: keys of lists, or of mappings to lists, to which anything may be added.

    Raises:
        BrigadeError: another key differs, or a mapping's keys do.
    """
    refuse_change(where, holds, {**old, **{key: _aligned(old.get(key), new[key]) for key in growing}}, new)
    return {**new, **{key: _together(old.get(key, new[key]), new[key]) for key in growing}}


def _aligned(old: Any, new: Any) -> Any:
    """What there was, as if it had been all that there is now."""
    return {key: new.get(key, value) for key, value in old.items()} if isinstance(old, dict) else new


def _together(old: Any, new: Any) -> Any:
    if isinstance(new, dict):
        return {key: _together(old[key], value) for key, value in new.items()}
    return [*new, *(value for value in old if value not in new)]


def refuse_change(
    where: Path, holds: str, old: Mapping[str, Any], new: Mapping[str, Any], why: Mapping[str, str] | None = None
) -> None:
    """Refuse another question than what is there answers; by a name of an earlier revision it is the same one.

    Args:
        where: the folder, or a file.
        holds: what it holds if it is of another question, for the message.
        old: of what is there.
        new: what is asked for.
        why: by key, why it cannot be changed, where one would think that it can.

    Raises:
        BrigadeError: a key differs; the message has it, both values, and what to do.
    """
    difference = first_difference(config_now(old), config_now(new))
    if difference is not None:
        key, before, now = difference
        told = f". {why[key]}" if why and key in why else ""
        raise BrigadeError(f"{where} holds {holds}: {key} is {before} there and {now} here; {ELSEWHERE}{told}")


def refuse_other_files(where: Path | str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Refuse results of what has changed since: files and kitchens that a configuration only names, by their digests.

    Args:
        where: what the results are, or are in, for the message.
        old: a digest, or all there is to it, by name, of what was read then.
        new: likewise, of what is there now.

    Raises:
        BrigadeError: one that both have has another digest.
    """
    for name, digest in new.items():
        if old.get(name, digest) != digest:
            raise BrigadeError(f"{name} has changed since it was read for {where}; {ELSEWHERE}")


def first_difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """The first key in which two configurations differ, `outer.inner` within a mapping, and both values in short."""
    for key in dict.fromkeys([*new, *old]):
        before, now = old.get(key), new.get(key)
        if before == now:
            continue
        if isinstance(before, dict) and isinstance(now, dict) and (inner := first_difference(before, now)):
            return f"{key}.{inner[0]}", *inner[1:]
        return key, _short(before), _short(now)
    return None


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "..."

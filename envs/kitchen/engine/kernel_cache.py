"""Where compiled kernels are kept between runs, and what happens where they cannot be.

Each version of the sources has a folder of its own: in `NUMBA_CACHE_DIR` where that is set, else in the user's cache,
else, for who has no home that can be written to, in a folder of the user's own among the temporary files.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import platformdirs
from numba.core import caching, config

# The files that kernels, or the constants in them, come from.
COMPILED_IN = (
    "content/cookbook", "content/tables", "content/layout", "engine/compiled", "engine/state", "engine/rules",
    "engine/handle", "engine/rooms", "engine/tick", "engine/eye", "observations/observe",
    "observations/compiled_observer", "observations/planes", "observations/features",
)  # fmt: skip
DIGEST_BYTES = 32


@lru_cache(maxsize=1)
def cache_folder() -> Path | None:
    """Where kernels are kept; None where there is no such place, which is said.

    Numba itself looks only at the file that a function is in; a kernel that calls into another file would go stale.
    """
    name = f"kernels-{sources_digest()}"
    for place in _places():
        if _can_be_written(place / name):
            return place / name
    _say("compiled rules cannot be kept anywhere: they are compiled anew in every process, for up to half a minute")
    return None


def sources_digest() -> str:
    """Twelve digits that change when a file does that kernels are made from."""
    digest = hashlib.sha256()
    for name in COMPILED_IN:
        digest.update((Path(__file__).parents[1] / f"{name}.py").read_bytes())
    return digest.hexdigest()[:12]


def _places() -> Iterator[Path]:
    if config.CACHE_DIR:
        yield Path(config.CACHE_DIR)  # the user's wish first
    with suppress(RuntimeError):  # nobody knows of a home
        users = Path(platformdirs.user_cache_dir("brigade"))
        if _is_own(users) and _is_own(users / f"kernels-{sources_digest()}"):
            yield users
    own = _own_temporary_folder()
    if own is not None:
        _say(f"there is no cache folder that can be written to; compiled rules are kept in {own}")
        yield own


def _own_temporary_folder() -> Path | None:
    """A folder among the temporary files that nobody else can put anything into."""
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    try:
        folder = Path(tempfile.gettempdir()) / f"brigade-{user}"
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return None
    return folder if _is_own(folder) else None


def _is_own(folder: Path) -> bool:
    """Whether nobody else can put anything into a folder, or there is none yet: what is kept there is executed."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    if not hasattr(os, "getuid"):
        return stat.S_ISDIR(found.st_mode)
    theirs = found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(found.st_mode) and not theirs


def _can_be_written(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _say(text: str) -> None:
    sys.stderr.write(f"Brigade: {text}\n")
    sys.stderr.flush()


class Damaged(Exception):
    """A file of the cache is not as it was written."""


class KernelFiles(caching.IndexDataCacheFile):  # type: ignore[misc]
    """Numba's files of a kernel, each behind a digest of it: damaged machine code would take the process down."""

    def _load_index(self) -> Any:
        try:
            stamp, version, overloads = pickle.loads(_whole(self._index_path))
        except FileNotFoundError:
            return {}
        return overloads if (stamp, version) == (self._source_stamp, self._version) else {}

    def _save_index(self, overloads: Any) -> None:
        self._write(self._index_path, (self._source_stamp, self._version, overloads))

    def _load_data(self, name: str) -> Any:
        return pickle.loads(_whole(self._data_path(name)))

    def _save_data(self, name: str, data: Any) -> None:
        self._write(self._data_path(name), data)

    def _write(self, path: str, thing: Any) -> None:
        data = self._dump(thing)
        with self._open_for_write(path) as file:
            file.write(hashlib.sha256(data).digest() + data)


def _whole(path: str) -> bytes:
    """What is in a file behind its digest.

    Raises:
        Damaged: it is something else.
        OSError: it cannot be read.
    """
    content = Path(path).read_bytes()
    digest, data = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
    if hashlib.sha256(data).digest() != digest:
        raise Damaged(path)
    return data


class KernelPlace(caching.UserProvidedCacheLocator):  # type: ignore[misc]
    """Where the files of a kernel are; Numba itself cannot say it of a path that the locale has no letters for."""

    @classmethod
    def get_suitable_cache_subpath(cls, py_file: str) -> str:
        """A folder for the kernels of a file."""
        folder = Path(py_file).absolute().parent
        return hashlib.sha1(os.fsencode(folder)).hexdigest()


class KernelImpl(caching.CompileResultCacheImpl):  # type: ignore[misc]
    """What a kernel's files hold, kept in its place."""

    _locator_classes: ClassVar = [KernelPlace]


class KernelCache(caching.FunctionCache):  # type: ignore[misc]
    """What Numba keeps of a kernel. Files that a crash or a full disk has left damaged are made anew."""

    _impl_class = KernelImpl

    def __init__(self, function: Any):
        super().__init__(function)
        stamp, base = self._impl.locator.get_source_stamp(), self._impl.filename_base
        self._cache_file = KernelFiles(cache_path=self._cache_path, filename_base=base, source_stamp=stamp)

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        """What tells kernels of one name apart: what they are called with, and what for.

        What their source is, and all that it calls, is in the folder's digest. Numba would look into what a kernel
        that is made by a function holds of it, which says something else in every process.
        """
        return sig, codegen.magic_tuple()

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled kernel, None if there is none that can be used."""
        try:
            return super().load_overload(sig, target_context)
        except (Damaged, OSError):
            _say(f"the compiled rules in {self.cache_path} are damaged; they are made anew")
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep it; a disk that is full is no reason not to go on."""
        try:
            try:
                super().save_overload(sig, data)
            except Damaged:  # the index: without it, nothing that is there is known
                self.flush()
                super().save_overload(sig, data)
        except OSError as error:
            _say(f"a compiled kernel cannot be kept: {error}")

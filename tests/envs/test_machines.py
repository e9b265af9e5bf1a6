"""Machines that are not ours: no home, caches that are stale or damaged, forks, copies, terminals of another time."""

from __future__ import annotations

import ast
import copy
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import brigade.envs.kitchen.engine.kernel_cache as kernel_cache
from brigade.envs import kitchen_v0
from brigade.envs.kitchen.engine.compiled import COMPILED
from brigade.envs.kitchen.engine.game import Game

KITCHEN = Path(kernel_cache.__file__).parents[1]
PLAY = "from brigade.envs.kitchen.engine.game import Game; g = Game('cramped_room'); g.reset([0]); g.step([[5, 5]])"
compiled_only = pytest.mark.skipif(not COMPILED, reason="nothing is compiled here")


def played(**environment: str) -> subprocess.CompletedProcess[str]:
    """A tick in another process."""
    return subprocess.run(
        [sys.executable, "-c", PLAY], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


@pytest.fixture
def fresh() -> Any:
    """Look for the place of kernels anew."""
    kernel_cache.cache_folder.cache_clear()
    yield
    kernel_cache.cache_folder.cache_clear()


class TestWhereKernelsAreKept:
    def test_the_digest_covers_whatever_kernels_are_made_of(self) -> None:
        """The modules with kernels in them, and those of the kitchen that these import."""
        named = {KITCHEN / f"{name}.py" for name in kernel_cache.COMPILED_IN}
        for path in KITCHEN.rglob("*.py"):
            text = path.read_text("utf-8")
            if "\n@kernel" not in text:
                continue
            assert path in named
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("brigade.envs.kitchen."):
                    assert node.module is not None
                    assert KITCHEN.parents[1].joinpath(*node.module.split(".")[1:]).with_suffix(".py") in named, (
                        node.module
                    )

    def test_every_version_has_a_folder_also_where_the_user_says(
        self, tmp_path: Path, fresh: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(kernel_cache.config, "CACHE_DIR", str(tmp_path))
        assert kernel_cache.cache_folder() == tmp_path / f"kernels-{kernel_cache.sources_digest()}"
        before = kernel_cache.sources_digest()
        read = Path.read_bytes
        monkeypatch.setattr(Path, "read_bytes", lambda self: read(self) + (b" " if self.name == "state.py" else b""))
        assert kernel_cache.sources_digest() != before

    @pytest.mark.parametrize("home", ["unknown", "nowhere"])
    def test_who_has_no_home_has_a_folder_among_the_temporary_files(
        self,
        home: str,
        tmp_path: Path,
        fresh: None,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        def cache_dir(name: str) -> str:
            if home == "unknown":
                raise RuntimeError("could not determine the home directory")
            (tmp_path / "file").touch()
            return str(tmp_path / "file" / name)

        monkeypatch.setattr(kernel_cache.config, "CACHE_DIR", "")
        monkeypatch.setattr(kernel_cache.platformdirs, "user_cache_dir", cache_dir)
        monkeypatch.setattr(kernel_cache.tempfile, "gettempdir", lambda: str(tmp_path))
        folder = kernel_cache.cache_folder()
        assert folder is not None
        assert folder.is_relative_to(tmp_path)
        assert str(folder.parent) in capsys.readouterr().err

    def test_without_a_temporary_folder_kernels_are_compiled_anew(
        self, tmp_path: Path, fresh: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def none() -> str:
            raise FileNotFoundError("No usable temporary directory found")

        monkeypatch.setattr(kernel_cache.config, "CACHE_DIR", "")
        monkeypatch.setattr(kernel_cache.platformdirs, "user_cache_dir", lambda name: str(tmp_path / "x" / "y"))
        monkeypatch.setattr(kernel_cache, "_can_be_written", lambda folder: False)
        monkeypatch.setattr(kernel_cache.tempfile, "gettempdir", none)
        assert kernel_cache.cache_folder() is None
        assert "compiled anew in every process" in capsys.readouterr().err

    @pytest.mark.skipif(not hasattr(os, "getuid"), reason="who may write is POSIX's")
    def test_a_cache_of_the_users_that_others_may_fill_is_not_used_either(
        self, tmp_path: Path, fresh: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        users = tmp_path / "users"
        users.mkdir()
        users.chmod(0o777)
        monkeypatch.setattr(kernel_cache.config, "CACHE_DIR", "")
        monkeypatch.setattr(kernel_cache.platformdirs, "user_cache_dir", lambda name: str(users))
        monkeypatch.setattr(kernel_cache.tempfile, "gettempdir", lambda: str(tmp_path))
        folder = kernel_cache.cache_folder()
        assert folder is not None
        assert not folder.is_relative_to(users)

    @pytest.mark.skipif(not hasattr(os, "getuid"), reason="who may write is POSIX's")
    @pytest.mark.parametrize("there", ["open to all", "a link", "a file"])
    def test_a_folder_that_somebody_else_may_fill_is_not_used(
        self,
        there: str,
        tmp_path: Path,
        fresh: None,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        own = tmp_path / f"brigade-{os.getuid()}"
        if there == "open to all":
            own.mkdir()
            own.chmod(0o777)
        elif there == "a link":
            (tmp_path / "elsewhere").mkdir()
            own.symlink_to(tmp_path / "elsewhere")
        else:
            own.touch()
        monkeypatch.setattr(kernel_cache.config, "CACHE_DIR", "")
        monkeypatch.setattr(kernel_cache.platformdirs, "user_cache_dir", lambda name: str(own / "no"))
        monkeypatch.setattr(kernel_cache, "_can_be_written", lambda folder: not folder.is_relative_to(own / "no"))
        monkeypatch.setattr(kernel_cache.tempfile, "gettempdir", lambda: str(tmp_path))
        assert kernel_cache.cache_folder() is None
        assert "compiled anew in every process" in capsys.readouterr().err

    @compiled_only
    @pytest.mark.outer
    def test_damaged_kernels_are_made_anew_and_it_is_said(self, tmp_path: Path) -> None:
        place = {"NUMBA_CACHE_DIR": str(tmp_path)}
        assert played(**place).returncode == 0
        assert played(**place).stderr == "", "nothing is compiled, so nothing is said"
        for files, damaged in (("*.nbi", lambda data: b""), ("*.nbc", lambda data: flipped(data))):
            for path in tmp_path.rglob(files):
                path.write_bytes(damaged(path.read_bytes()))
            mended = played(**place)
            assert (mended.returncode, "made anew" in mended.stderr) == (0, True), mended.stderr
        assert played(**place).stderr == ""

    @pytest.mark.parametrize("damage", ["empty", "cut", "zeros", "a bit", "longer"])
    def test_whatever_is_wrong_with_a_file_of_the_cache_is_noticed(self, damage: str, tmp_path: Path) -> None:
        files = kernel_cache.KernelFiles(str(tmp_path), "step", "today")
        files.save("cpu", {"code": b"\x90" * 3000})
        assert files.load("cpu") == {"code": b"\x90" * 3000}
        assert kernel_cache.KernelFiles(str(tmp_path), "step", "tomorrow").load("cpu") is None
        for path in (tmp_path / "step.nbi", next(tmp_path.glob("*.nbc"))):
            data = path.read_bytes()
            half = len(data) // 2
            zeros = data[:half] + bytes(min(512, half)) + data[half + 512 :]
            damaged = {"empty": b"", "cut": data[:half], "zeros": zeros, "a bit": flipped(data), "longer": data + b"x"}
            path.write_bytes(damaged[damage])
            with pytest.raises(kernel_cache.Damaged):
                files.load("cpu")
            path.write_bytes(data)


def flipped(data: bytes) -> bytes:
    """One bit of it is another."""
    half = len(data) // 2
    return data[:half] + bytes([data[half] ^ 1]) + data[half + 1 :]


class TestProcesses:
    def batch(self) -> Any:
        env = kitchen_v0.vector_env(kitchen="cramped_room", num_envs=64, threads=2)
        env.reset(seed=0)
        env.step(np.zeros((64, 2), int))
        return env

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
    def test_threads_are_begun_anew_in_a_forked_child(self) -> None:
        env = self.batch()
        child = os.fork()
        if child == 0:
            import signal

            signal.alarm(20)
            env.step(np.zeros((64, 2), int))
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        env.step(np.zeros((64, 2), int))

    @pytest.mark.parametrize("copied", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
    def test_batches_with_threads_are_copied(self, copied: Callable[[Any], Any]) -> None:
        env = self.batch()
        other = copied(env)
        actions = np.random.default_rng(0).integers(0, 6, (64, 2))
        (seen, *_), (theirs, *_) = env.step(actions), other.step(actions)
        assert np.array_equal(seen, theirs)
        other.close()
        env.step(actions)

    @pytest.mark.parametrize("copied", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
    def test_an_environment_with_an_open_window_is_copied(
        self, copied: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
        env = kitchen_v0.parallel_env(kitchen="cramped_room", render_mode="human")
        env.reset(seed=0)
        env.render()
        other = copied(env)
        other.step(dict.fromkeys(other.agents, 0))
        other.close()
        env.close()

    def test_a_game_goes_on_after_it_was_closed(self) -> None:
        game = Game("cramped_room", 4, threads=2)
        game.reset(1)
        game.close()
        game.step(np.zeros((4, 2), int))
        assert game.state.tick.tolist() == [1] * 4


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_terminals_that_lack_letters_show_others(encoding: str) -> None:
    command = [sys.executable, "-m", "brigade", "kitchens", "new_counter_circuit"]
    done = subprocess.run(command, env={**os.environ, "PYTHONIOENCODING": encoding}, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"?" in done.stdout

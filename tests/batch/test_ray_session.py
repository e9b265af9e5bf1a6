"""Ray is started, left alone and stopped in order, whatever people and machines do meanwhile."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from typing import Any

import pytest

from brigade.batch.running.ray_session import ATTEMPTS, cancel, in_words, interrupted_later, ray_session
from brigade.envs.registry import BrigadeError

ray = pytest.importorskip("ray")


@pytest.fixture
def ctrl_c():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield lambda: signal.raise_signal(signal.SIGINT)
    signal.signal(signal.SIGINT, before)


class TestCtrlC:
    def test_is_heard_at_the_end_of_the_block(self, ctrl_c):
        reached = []

        def block() -> None:
            with interrupted_later():
                ctrl_c()
                reached.append("the end")

        with pytest.raises(KeyboardInterrupt):
            block()
        assert reached == ["the end"]
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    def test_pressed_again_is_heard_at_once(self, ctrl_c):
        reached = []

        def block() -> None:
            with interrupted_later():
                ctrl_c()
                reached.append("the second")
                ctrl_c()
                reached.append("the end")

        with pytest.raises(KeyboardInterrupt):
            block()
        assert reached == ["the second"]

    def test_changes_nothing_where_nobody_pressed_it(self, ctrl_c):
        with interrupted_later():
            pass
        with pytest.raises(ZeroDivisionError), interrupted_later():
            1 / 0  # noqa: B018
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    def test_stays_ignored_where_it_is_ignored(self, ctrl_c):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with interrupted_later():
            ctrl_c()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN

    def test_other_threads_leave_it_alone(self, ctrl_c):
        seen: list[Any] = []

        def work() -> None:
            with interrupted_later():
                seen.append(signal.getsignal(signal.SIGINT))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert seen == [signal.default_int_handler]


class TestStarting:
    def test_begins_again_where_ray_fails_to_start(self, monkeypatch):
        tried: list[dict[str, Any]] = []

        def init(**options: Any) -> None:
            tried.append(options)
            if len(tried) < ATTEMPTS:
                raise Exception("The current node timed out during startup.")

        monkeypatch.setattr(ray, "init", init)
        with ray_session(1) as ours:
            assert ours
        assert len(tried) == ATTEMPTS

    def test_gives_up_with_what_ray_said(self, monkeypatch):
        def init(**options: Any) -> None:
            raise Exception("The current node timed out during startup.\nand more")

        monkeypatch.setattr(ray, "init", init)
        with pytest.raises(BrigadeError, match=r"in 3 attempts: The current node timed out during startup\.$"):
            ray_session(1).__enter__()
        assert not ray.is_initialized()

    @pytest.mark.parametrize(
        ("address", "told"),
        [
            ("nowhere", r"Ray cannot use it: Invalid address .*RAY_AUTH_MODE"),
            ("127.0.0.1:1", "no Ray cluster can be reached there: .*refused"),
            ("ray://127.0.0.1:1", "no Ray cluster can be reached there: .*refused"),
        ],
    )
    def test_says_where_no_cluster_was_found(self, address, told):
        with pytest.raises(BrigadeError, match=rf"^ray\.address {re.escape(address)}: {told}"):
            ray_session(1, address).__enter__()


def test_a_session_with_everything_that_can_happen_in_it():
    def slow() -> None:
        time.sleep(600)

    def refuse() -> None:
        raise BrigadeError("no such kitchen")

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    with ray_session(2) as ours:
        assert ours
        with ray_session(2) as ours_too:
            assert not ours_too
        assert ray.is_initialized()  # whoever started it stops it

        with pytest.raises(ray.exceptions.RayTaskError) as refused:
            ray.get(ray.remote(refuse).remote())
        assert isinstance(in_words(refused.value), BrigadeError)
        assert str(in_words(refused.value)) == "no such kitchen"
        with pytest.raises(ray.exceptions.RayTaskError) as broken:
            ray.get(ray.remote(lambda: 1 / 0).remote())
        assert in_words(broken.value) is broken.value
        with pytest.raises(ray.exceptions.RayError) as lost:
            ray.get(ray.remote(max_retries=0)(die).remote())
        assert isinstance(in_words(lost.value), BrigadeError)
        assert "WorkerCrashedError" in str(in_words(lost.value))

        ended, going = ray.remote(lambda: 1).remote(), ray.remote(slow).remote()
        assert ray.get(ended) == 1
        cancel([], force=True)
        cancel([ended, going], force=True)
        assert ray.get(ended) == 1
        with pytest.raises(ray.exceptions.RayError):
            ray.get(going, timeout=30)

        ray.remote(slow).remote()
        begun = time.monotonic()
    assert not ray.is_initialized()
    assert time.monotonic() - begun < 300  # and what was under way is not waited for

"""Ctrl-C is heard in a notebook, too, where an episode that never waits cannot be cancelled."""

from __future__ import annotations

import asyncio
import signal
import threading
import time

import pytest

from brigade.simulation.running import run_to_end


def test_ctrl_c_is_heard_when_the_work_never_waits() -> None:
    ended = []

    async def work() -> int:
        until = time.monotonic() + 1.0
        while time.monotonic() < until:
            pass
        ended.append(True)
        return 5

    async def notebook() -> int:
        me = threading.main_thread().ident
        assert me is not None
        threading.Timer(0.3, signal.pthread_kill, (me, signal.SIGINT)).start()
        return run_to_end(work())

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    loop = asyncio.new_event_loop()
    try:
        with pytest.raises(KeyboardInterrupt):
            loop.run_until_complete(notebook())
    finally:
        loop.close()
        signal.signal(signal.SIGINT, before)
    assert ended == [True]

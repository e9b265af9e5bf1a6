"""What endpoints that misbehave cost: games in wall time, with one that misbehaves in every way and with a silent one.

    python docs/examples/hostile_endpoints.py --pairs 3 --seconds 60

Both are played in turn, `dpt` beside `agile` at ten ticks a second, each thought asked of `brigade house --hostile`. It
prints the ticks without an action, how late ticks were (median, 99 %, latest), the memory that was gained, and what
became of the thoughts.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from typing import Any

from brigade.agents.base import make_agent
from brigade.dual_process.beside.worker import shared_worker
from brigade.dual_process.reasoners import Occasion, make_reasoner, spec_of
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.simulation.clock import RealClock
from brigade.simulation.episode import Tick, play_async
from brigade.simulation.played import Played

HZ = 10.0


class Watch:
    """How late each tick was."""

    def __init__(self) -> None:
        self.late: list[float] = []

    def tick(self, tick: Tick) -> None:
        """One tick."""
        self.late.append(tick.late_ms or 0.0)

    def end(self, played: Played) -> None:
        """The game is over."""


def game(port: int, seconds: float, seed: int) -> tuple[list[float], Played]:
    """One game against the endpoint on a port."""
    endpoint = {"base_url": f"http://127.0.0.1:{port}/v1", "model": "m", "key_env": "", "timeout_s": 1.5,
                "deadline_s": 3.0, "retries": 1, "backoff_s": 0.1}  # fmt: skip
    occasion = Occasion(seed=seed, real=True)
    team = [
        make_agent(name, reasoner=make_reasoner(spec_of({"endpoint": endpoint}), occasion)) for name in ("dpt", "agile")
    ]
    kitchen, watch = load_kitchen("new_counter_circuit", round(seconds * HZ)), Watch()
    played = asyncio.run(play_async(kitchen, team, seed, clock=RealClock(HZ), recorder=watch))
    return watch.late, played


def memory_mb() -> dict[str, int]:
    """Memory at its peak, of this process and of the one that asks."""
    with open(f"/proc/{shared_worker()._process.pid}/status") as status:
        beside = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    return {"here": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, "beside": beside // 1024}


def serve(kind: str, port: int) -> subprocess.Popen[bytes]:
    """A server that misbehaves, once it listens."""
    command = [sys.executable, "-m", "brigade", "house", "--hostile", kind, "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    for _ in range(100):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/good/v1/models", timeout=0.2).close()
        except urllib.error.URLError as error:
            if isinstance(error.reason, ConnectionRefusedError):
                time.sleep(0.1)
                continue
        except OSError:
            pass
        return server
    raise SystemExit("the server does not come up")


def main() -> None:
    """Play, and print a line for each game."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--pairs", type=int, default=3)
    arguments.add_argument("--seconds", type=float, default=60.0)
    arguments.add_argument("--port", type=int, default=18090)
    given = arguments.parse_args()
    servers = {kind: serve(kind, given.port + place) for place, kind in enumerate(("silence", "every"))}
    try:
        game(given.port, 5.0, 0)  # the process that asks has begun, and everything is compiled
        before = memory_mb()
        for pair in range(given.pairs):
            for place, kind in enumerate(servers):
                late, played = game(given.port + place, given.seconds, pair)
                print(_line(kind, late, played, round(given.seconds * HZ), before), flush=True)
    finally:
        for server in servers.values():
            server.kill()


def _line(kind: str, late: list[float], played: Played, ticks: int, before: dict[str, int]) -> str:
    late = sorted(late)
    missing = ticks - min(map(len, played.actions))
    outcomes: Counter[Any] = Counter(thought["outcome"] for thought in played.thoughts)
    now = memory_mb()
    gained = ", ".join(f"{where} +{now[where] - before[where]} MB" for where in now)
    told = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
    return (
        f"{kind:8} {missing} ticks without an action; late by {late[len(late) // 2]:.1f} ms, 99 %: "
        f"{late[int(len(late) * 0.99)]:.1f}, latest {late[-1]:.1f}; {gained}; {told}{played.crashed}"
    )


if __name__ == "__main__":
    main()

"""Kill runs and trainings at random moments, go on with them, and compare what comes of them with one never killed.

    python tests/fuzz/kills.py --kills 20            # kill -9, of drivers, of Ray's workers and of trainers in turn
    python tests/fuzz/kills.py --kills 10 --signal SIGTERM

A run of the same configuration gives the same file, byte for byte; so anything lost, doubled or different shows.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

RUN = """\
name: killed
kitchens: [{name: new_counter_circuit, horizon: 200}]
teams: [[dpt, fsm], [fsm, assembler]]
seeds: 10
clock: {kind: virtual, hz: 4, seconds: 2}
calls: true
"""
TRAIN = """\
name: killed
kitchen: {name: cramped_room}
steps: 400000
seeds: 1
"""
ENDED_IN_ORDER = (130, 2)


class Victim:
    """Something that is killed and gone on with.

    Args:
        folder: to work in.
        name: of it.
        command: that begins it, and goes on with it, given the folder for its results.
        digest: of what it comes to.
        workers: whether processes that it has begun are killed instead of itself.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        command: Callable[[Path], list[str]],
        digest: Callable[[Path], str],
        workers: bool = False,
    ):
        self.name, self.workers, self.kills, self.out = name, workers, 0, folder / name
        self.command, self.digest = command, digest
        self.log = (folder / f"{name}.log").open("ab")
        whole = folder / f"{name}_whole"
        begun = time.monotonic()
        subprocess.run(command(whole), check=True, stdout=self.log, stderr=self.log)
        self.takes, self.expected = time.monotonic() - begun, digest(whole)

    def begin(self) -> subprocess.Popen[bytes]:
        """Begin, or go on."""
        return subprocess.Popen(self.command(self.out), stdout=self.log, stderr=self.log)

    def strike(self, running: subprocess.Popen[bytes], number: signal.Signals, draw: random.Random) -> bool:
        """Kill it, or one of its workers; whether there was something to kill."""
        target = running.pid
        if self.workers:
            found = workers_of(running.pid)
            if not found:
                return False
            target = draw.choice(found)
        os.kill(target, number)
        self.kills += 1
        return True


def workers_of(driver: int) -> list[int]:
    """Ray's workers that a process has begun, by way of others."""
    told = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
    parents, workers = {}, []
    for line in told.splitlines()[1:]:
        pid, parent, words = line.split(None, 2)
        parents[int(pid)] = int(parent)
        if words.startswith("ray::"):
            workers.append(int(pid))

    def is_its(pid: int) -> bool:
        while pid > 1:
            pid = parents.get(pid, 0)
            if pid == driver:
                return True
        return False

    return [pid for pid in workers if is_its(pid)]


def records(out: Path) -> str:
    """A digest of a run's records, calls and recordings; and whether anything is doubled."""
    lines = (out / "episodes.jsonl").read_bytes().split(b"\n")
    keys = [json.loads(line)["key"] for line in lines[1:] if line]
    assert len(keys) == len(set(keys)), "doubled"
    digest = hashlib.sha256(b"\n".join(lines[1:]))
    for path in sorted(out.glob("calls/*.jsonl")):
        asked = [json.loads(line)["key"] for line in path.read_bytes().split(b"\n") if line]
        digest.update(json.dumps([path.name, asked]).encode())
    timed = [json.loads(line)["key"] for line in (out / "timings.jsonl").read_bytes().split(b"\n") if line]
    assert set(keys) <= set(timed), "timings lost"
    done = subprocess.run(
        [sys.executable, "-m", "brigade", "verify", str(out / "recordings")], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout[-500:]
    return digest.hexdigest()[:16]


def trained(out: Path) -> str:
    """A digest of a training's last policy and of how it was evaluated."""
    newest = sorted(out.rglob("policy.safetensors"))[-1]
    from safetensors.torch import load_file

    tensors = load_file(newest)
    digest = hashlib.sha256(newest.parent.name.encode())
    for name in sorted(tensors):
        digest.update(name.encode() + tensors[name].numpy().tobytes())
    (evaluation,) = out.rglob("evaluation.json")
    digest.update(json.dumps(json.loads(evaluation.read_text())["returns"]).encode())
    return digest.hexdigest()[:16]


def victims(folder: Path) -> list[Victim]:
    """A run here, a run through Ray, a run whose workers are killed, and a training."""
    (folder / "run.yaml").write_text(RUN)
    (folder / "train.yaml").write_text(TRAIN)

    def run(workers: int) -> Callable[[Path], list[str]]:
        return lambda out: [*BRIGADE, "run", str(folder / "run.yaml"), f"ray.workers={workers}", f"out={out}"]

    def train(out: Path) -> list[str]:
        there = any(out.rglob("policy.json"))  # a training that was killed before its first checkpoint begins anew
        return [*BRIGADE, "train", str(folder / "train.yaml"), f"out={out}", *(["--resume"] if there else [])]

    return [
        Victim(folder, "run_here", run(0), records), Victim(folder, "run_on_ray", run(2), records),
        Victim(folder, "worker_of_ray", run(2), records, workers=True), Victim(folder, "training", train, trained),
    ]  # fmt: skip


BRIGADE = [sys.executable, "-m", "brigade"]


def main() -> None:
    """Kill, go on, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--signal", default="SIGKILL", choices=["SIGKILL", "SIGTERM"])
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    number, draw = signal.Signals[given.signal], random.Random(given.seed)
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        everyone = victims(Path(folder))
        if number == signal.SIGTERM:
            everyone = [victim for victim in everyone if not victim.workers]
        kills = 0
        while kills < given.kills:
            victim = everyone[kills % len(everyone)]
            anew, woken = not victim.out.exists(), time.monotonic()
            running = victim.begin()
            with suppress(subprocess.TimeoutExpired):
                running.wait(draw.uniform(0.3, 1.0) * victim.takes)
            struck, begun = False, time.monotonic()
            while running.poll() is None and not struck:  # workers come after a while
                time.sleep(0.1)
                begun, struck = time.monotonic(), victim.strike(running, number, draw)
            code = running.wait(180)
            if struck:
                kills += 1
                told = f"ended with {code} after {time.monotonic() - begun:.1f} s"
                wrong += number == signal.SIGTERM and code not in ENDED_IN_ORDER and not _is_done(victim)
                print(f"{kills:3} {given.signal} {victim.name}: {told}", flush=True)
            elif code == 0:  # it was done before: begin another one
                if anew:  # the first had things to compile
                    victim.takes = min(victim.takes, time.monotonic() - woken)
                wrong += _compare(victim)
                subprocess.run(["rm", "-rf", str(victim.out)], check=True)
        for victim in everyone:
            subprocess.run(victim.command(victim.out), check=True, stdout=victim.log, stderr=victim.log)
            wrong += _compare(victim)
    print(f"{kills} kills, {wrong} wrong")
    sys.exit(bool(wrong))


def _is_done(victim: Victim) -> bool:
    """Whether everything was written when it was struck: then it may end as it likes."""
    try:
        return victim.digest(victim.out) == victim.expected
    except (AssertionError, OSError, ValueError):
        return False


def _compare(victim: Victim) -> int:
    """Whether what is there in the end differs from what an undisturbed one comes to."""
    try:
        found = victim.digest(victim.out)
    except (AssertionError, OSError, ValueError) as error:
        found = repr(error)
    print(
        f"    {victim.name}, {victim.kills} kills so far: {'the same' if found == victim.expected else found}",
        flush=True,
    )
    return found != victim.expected


if __name__ == "__main__":
    main()

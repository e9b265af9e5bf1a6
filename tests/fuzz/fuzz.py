"""Throw nearly right inputs at everything that reads, and say what came of it.

    python tests/fuzz/fuzz.py [READER ...] --inputs 20000 --seconds 600

Every reader works in a process of its own, so that its memory is its own. An input that ends in anything but a
`BrigadeError` is a crash: it is kept, and the command ends with 1.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import resource
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
sys.path.insert(0, str(Path(__file__).parent))
SLOW_S = 5.0


def fuzz(name: str, inputs: int, seconds: float, seed: int, keep: Path) -> dict[str, Any]:
    """Try one reader in this process."""
    from mutations import Mutator
    from readers import READERS

    from brigade.envs.registry import BrigadeError

    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        reader, mutator = READERS[name](Path(folder)), Mutator(seed)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        found: dict[str, Any] = {"reader": name, "tried": 0, "read": 0, "refused": 0, "crashes": {}, "slowest_s": 0.0}
        while found["tried"] < inputs and time.monotonic() - begun < seconds:
            made = reader.make(mutator)
            found["tried"] += 1
            started = time.perf_counter()
            try:
                reader.read()
                found["read"] += 1
            except BrigadeError:
                found["refused"] += 1
            except BaseException as error:  # whatever it is: that is what is looked for
                if isinstance(error, KeyboardInterrupt):
                    raise
                _crashed(found["crashes"], error, made, keep / name)
            spent = time.perf_counter() - started
            if spent > found["slowest_s"]:
                found["slowest_s"] = spent
                if spent > SLOW_S:
                    _kept(keep / name / f"slow_{found['tried']}", made)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        return found | {"seconds": time.monotonic() - begun, "peak_mb": peak, "base_mb": before}


def _crashed(crashes: dict[str, list[Any]], error: BaseException, made: Any, keep: Path) -> None:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [each for each in frames if ".venv" not in each.filename and "lib/python" not in each.filename]
    frame = (ours or frames)[-1]
    key = f"{type(error).__name__} {Path(frame.filename).name}:{frame.lineno}"
    if key not in crashes:
        crashes[key] = [0, str(error)[:100]]
        _kept(keep / f"crash_{len(crashes)}", made)
    crashes[key][0] += 1


def _kept(path: Path, made: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made if isinstance(made, bytes) else str(made).encode(errors="surrogatepass"))


def main() -> None:
    """Try some readers, or all."""
    from readers import READERS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("readers", nargs="*", choices=[[], *READERS], help="; ".join(READERS))
    parser.add_argument("--inputs", type=int, default=20_000, help="a reader")
    parser.add_argument("--seconds", type=float, default=600.0, help="a reader, at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("fuzzed"), help="where inputs that crash are kept")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(fuzz(given.readers[0], given.inputs, given.seconds, given.seed, given.keep)))
        return
    failed = False
    print(f"{'reader':16}{'tried':>8}{'read':>8}{'refused':>9}{'crashes':>9}{'slowest':>9}{'peak':>9}{'time':>8}")
    for name in given.readers or READERS:
        options = [
            f"--inputs={given.inputs}",
            f"--seconds={given.seconds}",
            f"--seed={given.seed}",
            f"--keep={given.keep}",
        ]
        command = [sys.executable, __file__, name, *options, "--one"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{name}: the fuzzer itself failed:\n{done.stderr[-3000:]}")
            failed = True
            continue
        found = json.loads(done.stdout.splitlines()[-1])
        crashes = sum(count for count, _ in found["crashes"].values())
        print(
            f"{name:16}{found['tried']:8,}{found['read']:8,}{found['refused']:9,}{crashes:9}{found['slowest_s']:8.2f}s"
            f"{found['peak_mb']:7} MB{found['seconds']:7.0f}s",
            flush=True,
        )
        for where, (count, message) in sorted(found["crashes"].items(), key=lambda each: -each[1][0]):
            print(f"    {count:6} {where}: {message!r}")
        failed = failed or bool(crashes)
    sys.exit(failed)


if __name__ == "__main__":
    main()

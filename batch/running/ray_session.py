"""Ray for as long as it is needed: started or found, stopped in order, and its errors in words."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import Any

from brigade.batch.running.stopping import handlers_kept
from brigade.envs.registry import BrigadeError

ATTEMPTS = 3  # how often Ray is started before we give up: it may find a port taken that it had just seen free
AUTH_MODE, AUTH_TOKEN = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN"
_TOKEN = secrets.token_hex(32)
# Bytes that the path of a socket may have, and those that Ray adds to its folder: /ray/session_..._PID/sockets/NAME.
SOCKET_PATH, RAYS_PART = 103, 75
KNOCK_S = 10.0  # how long a cluster has to say that it is there


@contextmanager
def ray_session(workers: int | None = None, address: str | None = None, show: bool = False) -> Iterator[bool]:
    """Ray, started here or found at an address, until the block is left; left alone where someone has started it.

    Args:
        workers: CPUs of a Ray that is started here; None for all.
        address: where a cluster is; None to start Ray here.
        show: whether what is printed in its processes is shown here.

    Yields:
        Whether it ends with the block, and everything that is under way with it. Where it does not, `cancel` what
        nobody waits for any more.

    Raises:
        BrigadeError: no cluster can be reached at the address, or Ray cannot be started here.
    """
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # else Ray warns about GPUs it has not got
    if "ray" in sys.modules and sys.modules["ray"].is_initialized():
        yield False
        return
    options: dict[str, Any] = {"address": address or "local", "logging_level": logging.ERROR, "log_to_driver": show}
    if address is None:
        options |= {"num_cpus": workers, "include_dashboard": False, **_short_folder()}
    with _token_asked_for() if address is None else nullcontext():
        import ray

        try:
            with interrupted_later(), handlers_kept():  # Ray takes SIGTERM for itself
                _start(options)
            yield True
        finally:
            with interrupted_later(), handlers_kept():
                ray.shutdown()


def _short_folder() -> dict[str, str]:
    """Another temporary folder for Ray, where the path of this one is too long for the sockets that Ray keeps in it."""
    if "RAY_TMPDIR" in os.environ or len(os.fsencode(tempfile.gettempdir())) <= SOCKET_PATH - RAYS_PART:
        return {}
    return {"_temp_dir": f"/tmp/ray-{os.getuid()}"}  # Ray makes it, and makes sure that it is usable


@contextmanager
def _token_asked_for() -> Iterator[None]:
    """Have a Ray that is started in this block let in nobody without a token, unless somebody has decided about that.

    Ray listens on all addresses of a machine, and who may talk to it may run anything. It has no way to listen on
    127.0.0.1 alone. The token is this process's; in the environment it is for processes of the same user only, and Ray
    writes none into the home folder.
    """
    if AUTH_MODE in os.environ:
        yield
        return
    before = os.environ.get(AUTH_TOKEN)
    os.environ |= {AUTH_MODE: "token", AUTH_TOKEN: _TOKEN}
    try:
        _read_environment_again()
        yield
    finally:
        for name, value in ((AUTH_MODE, None), (AUTH_TOKEN, before)):
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        _read_environment_again()


def _read_environment_again() -> None:
    """Have Ray heed what is in the environment now: it reads that once, when it is imported."""
    if "ray" in sys.modules:
        from ray._raylet import AuthenticationTokenLoader, Config  # type: ignore[attr-defined]

        Config.initialize("")
        AuthenticationTokenLoader.instance().reset_cache()


def _start(options: dict[str, Any]) -> None:
    import ray

    address = options["address"]
    here = address == "local"
    if not here:
        _knock(address)
    for left in reversed(range(ATTEMPTS if here else 1)):
        try:
            ray.init(**options)
            return
        except Exception as error:  # Ray raises a bare Exception when its processes are too slow to come up
            ray.shutdown()
            if left:
                continue
            told = str(error).strip().split("\n")[0] or type(error).__name__
            if isinstance(error, UnicodeEncodeError):
                told = "the locale has no letters for a path that Python is in; set PYTHONUTF8=1, or ray.workers=0"
            if here:
                raise BrigadeError(f"Ray could not be started in {ATTEMPTS} attempts: {told}") from error
            token = "a cluster that asks for a token needs RAY_AUTH_MODE=token here, too"
            raise BrigadeError(f"ray.address {address}: Ray cannot use it: {told}; {token}") from None


def _knock(address: str) -> None:
    """See whether anybody listens at a host and port: Ray would try for minutes.

    Raises:
        BrigadeError: nobody does.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=KNOCK_S).close()
    except OSError as error:
        raise BrigadeError(f"ray.address {address}: no Ray cluster can be reached there: {error}") from None


@contextmanager
def interrupted_later() -> Iterator[None]:
    """Hear Ctrl-C at the end of the block, or at once when it is pressed again.

    Interrupted while it starts or stops, Ray 2.60 can bring the whole process down with a segmentation fault.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    heard = []

    def remember(number: int, frame: FrameType | None) -> None:
        heard.append(number)
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, remember)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if heard:
        signal.raise_signal(signal.SIGINT)


def cancel(waiting: Sequence[Any], force: bool) -> None:
    """Stop what is still under way of these tasks: by an interruption that they may answer, or by force.

    What has ended is left alone: Ray 2.60 aborts the process ("tried to complete task that was not pending") when a
    task is cancelled in the moment in which its result comes in.
    """
    import ray

    if waiting:
        _, running = ray.wait(list(waiting), num_returns=len(waiting), timeout=0)
        for reference in running:
            ray.cancel(reference, force=force)


def in_words(error: Any) -> Exception:
    """What a task of Ray's failed of: what people or the machine got wrong as a `BrigadeError`, else as it is.

    Args:
        error: a `ray.exceptions.RayError`.
    """
    import ray

    if not isinstance(error, ray.exceptions.RayTaskError):
        told = str(error).strip().split("\n")[0]
        return BrigadeError(f"a process of Ray's was lost again and again ({type(error).__name__}): {told}")
    cause: Exception = error.as_instanceof_cause()  # type: ignore[no-untyped-call]
    if isinstance(cause, BrigadeError):
        return BrigadeError(str(cause.args[0] if cause.args else cause))
    return error

"""Answers of endpoints within bounds: no more bytes than a budget, before and after they are decompressed."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator

import httpx2

from brigade.envs.budgets import ERROR_BYTES, REPLY_BYTES, STREAM_BYTES, in_bytes

EVENTS = "text/event-stream"
_DECODERS = {"gzip": 31, "x-gzip": 31, "deflate": 15}  # window bits of zlib


class TooLarge(httpx2.DecodingError):
    """An answer is over its budget."""


async def bound(response: httpx2.Response) -> None:
    """Bound what will be read of a response; for a client's event hooks.

    Raises:
        httpx2.DecodingError: it is compressed in a way that was not asked for.
    """
    most = ERROR_BYTES if response.is_error else REPLY_BYTES
    if response.headers.get("content-type", "").lower().startswith(EVENTS):
        most = max(most, STREAM_BYTES)
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", "", *_DECODERS):
        raise httpx2.DecodingError(f"the answer is compressed as '{coding[:40]}', which was not asked for")
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _Bounded(response.stream, most, _DECODERS.get(coding))
    if coding in _DECODERS:
        del response.headers["content-encoding"]  # it is decoded here


class _Bounded(httpx2.AsyncByteStream):
    """The bytes of a body, decoded, up to a budget.

    Args:
        stream: as it comes.
        most: bytes.
        window: of zlib, for one that is compressed.
    """

    def __init__(self, stream: httpx2.AsyncByteStream, most: int, window: int | None):
        self._stream, self._most = stream, most
        self._unpack = zlib.decompressobj(window) if window is not None else None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        came = decoded = 0
        async for chunk in self._stream:
            came += len(chunk)
            if came > self._most:
                raise self._too_large()
            if self._unpack is not None:
                try:
                    chunk = self._unpack.decompress(chunk, self._most - decoded + 1)
                except zlib.error as error:
                    raise httpx2.DecodingError(f"the answer cannot be decompressed: {error}") from None
            decoded += len(chunk)
            if decoded > self._most:
                raise self._too_large()
            if chunk:
                yield chunk

    async def aclose(self) -> None:
        """The connection is let go of."""
        await self._stream.aclose()

    def _too_large(self) -> TooLarge:
        return TooLarge(f"the answer is larger than {in_bytes(self._most)}")

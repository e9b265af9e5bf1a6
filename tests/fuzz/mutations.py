"""Inputs that are nearly right: bytes, plain data and text of valid files with something changed in them."""

from __future__ import annotations

import copy
import random
from typing import Any

ODD: tuple[Any, ...] = (
    None, True, -1, 0, 10**18, 10**30, -(10**400), 1e308, float("nan"), float("inf"), "", "x", "\u202e\x1b[2J",
    "\ud800", "=1+1", "a" * 100_000, [], {}, [[]], {"a": 1}, "../../x", "9" * 50, "generated:seed=1", "/dev/null",
    "\0", [None] * 50,
)  # fmt: skip
SPLICES = (
    b"\n", b"{", b"}", b"[", b"]", b"9" * 400, b"null", b'"', b",", b":", b"- ", b"NaN", b"1e999", b"[" * 3000,
    b"9" * 5000, b"&a [*a]", b"!!python/object:os.system x", b"<<: *a", b"\xff\xfe", b"\x00", b"\xed\xa0\x80",
    b"\\ud800", b"\t", b"|",
)  # fmt: skip


class Mutator:
    """Changes things, always the same for a seed."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)

    def data(self, value: Any) -> Any:
        """Plain data with one to three changes in it."""
        value = copy.deepcopy(value)
        for _ in range(self.random.choice((1, 1, 1, 2, 3))):
            value = self._changed(value, 0)
        return value

    def bytes(self, value: bytes) -> bytes:
        """Bytes with some changed, cut out, put in or repeated."""
        data, draw = bytearray(value), self.random
        for _ in range(draw.choice((1, 1, 1, 2, 5, 20))):
            at = draw.randrange(len(data) + 1) if draw.random() < 0.6 else draw.randrange(min(len(data), 200) + 1)
            kind = draw.random()
            if kind < 0.4 and at < len(data):
                data[at] ^= 1 << draw.randrange(8)
            elif kind < 0.55:
                del data[at : at + draw.randint(1, 60)]
            elif kind < 0.65:
                data[at:at] = draw.randbytes(draw.randint(1, 30))
            elif kind < 0.9:
                data[at:at] = draw.choice(SPLICES)
            else:
                begin = draw.randrange(len(data) + 1)
                data[at:at] = data[begin : begin + 400]
        return bytes(data)

    def _changed(self, value: Any, depth: int) -> Any:
        draw = self.random
        if isinstance(value, dict) and value and (depth < 1 or draw.random() < 0.8):
            key, kind = draw.choice(list(value)), draw.random()
            if kind < 0.1:
                del value[key]
            elif kind < 0.18:
                value[draw.choice(("x", "", "\x1b[31m", key + "s" if isinstance(key, str) else "y"))] = value.pop(key)
            elif kind < 0.4:
                value[key] = copy.deepcopy(draw.choice(ODD))
            else:
                value[key] = self._changed(value[key], depth + 1)
            return value
        if isinstance(value, list) and value and draw.random() < 0.8:
            at, kind = draw.randrange(len(value)), draw.random()
            if kind < 0.1:
                del value[at]
            elif kind < 0.2:
                value.append(copy.deepcopy(value[at]))
            elif kind < 0.25:
                value.extend([value[at]] * draw.choice((3, 100, 5000)))
            else:
                value[at] = self._changed(value[at], depth + 1)
            return value
        if isinstance(value, str) and value and draw.random() < 0.4:
            return self.bytes(value.encode(errors="surrogatepass")).decode(errors="replace")
        if isinstance(value, int | float) and not isinstance(value, bool) and draw.random() < 0.5:
            return draw.choice((value + 1, -value, value * 10**6, 1 / 3, str(value)))
        return copy.deepcopy(draw.choice(ODD))

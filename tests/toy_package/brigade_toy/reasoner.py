"""A reasoner that has one answer for everything."""

import json
from collections.abc import AsyncGenerator
from typing import Any

from brigade.dual_process.llm.protocol import Piece, Reply, Request, Stream

ANSWERS: dict[str, Any] = {"mood": {"mood": "cheerful"}}


class Parrot:
    """Answers every question with what it was told to say."""

    def __init__(self, says: str = "hello", seed: int = 0):
        self.says = says

    async def ask(self, request: Request) -> Reply:
        text = json.dumps(ANSWERS.get(request.purpose, {"message": self.says}))
        return Reply(text, 10, 5, 0.0, "parrot")

    def stream(self, request: Request) -> Stream:
        async def pieces() -> AsyncGenerator[Piece | Reply, None]:
            reply = await self.ask(request)
            yield Piece(reply.text, 0.0)
            yield reply

        return Stream(pieces())  # type: ignore[arg-type]

    async def close(self) -> None:
        pass

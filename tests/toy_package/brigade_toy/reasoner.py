"""A reasoner that has one answer for everything."""

import json
from collections.abc import AsyncGenerator

from brigade.dual_process.llm.protocol import Failure, Piece, Reply, Request, Stream


class Parrot:
    """Answers every question with what it was told to say."""

    def __init__(self, occasion: object = None, mood: str = "cheerful"):
        self.mood = mood

    async def ask(self, request: Request) -> Reply:
        return Reply(json.dumps({request.purpose: self.mood}), 10, 5, 0.0, "parrot")

    def stream(self, request: Request) -> Stream:
        async def pieces() -> AsyncGenerator[Piece | Reply | Failure, None]:
            reply = await self.ask(request)
            yield Piece(reply.text, 0.0)
            yield reply

        return Stream(pieces())

    async def close(self) -> None:
        pass

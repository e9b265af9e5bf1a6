"""`brigade llm` and `brigade house`: trying an endpoint, and serving the scripted reasoner."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.text import Text

from brigade.envs.registry import BrigadeError
from brigade.experiments.cli_shared import console

llm = typer.Typer(help="Language models: try an endpoint.", no_args_is_help=True)


@llm.command()
def check(
    base_url: Annotated[str, typer.Option(help="Up to and including /v1.")] = "https://api.openai.com/v1",
    model: Annotated[str, typer.Option(help="The model's name there.")] = "",
    key_env: Annotated[str, typer.Option(help="The environment variable that holds the key; '' for none.")] = (
        "OPENAI_API_KEY"
    ),
    config: Annotated[str, typer.Option(help="Take the endpoint from this run configuration instead.")] = "",
) -> None:
    """Try an endpoint, and say in plain words what is wrong with it."""
    from brigade.dual_process.llm.check import check_endpoint
    from brigade.dual_process.llm.client import Endpoint
    from brigade.envs.content import checked

    if config:
        from brigade.experiments.kitchen.run.config import RunConfig

        endpoint = RunConfig.load(config).reasoner.endpoint
        if endpoint is None:
            raise BrigadeError(f"{config}: reasoner.endpoint is not set, so it uses house, which needs no check")
    elif not model:
        raise BrigadeError("--model is missing: which model is to be tried?")
    else:
        endpoint = checked(Endpoint, {"base_url": base_url, "model": model, "key_env": key_env})
    findings = asyncio.run(check_endpoint(endpoint))
    for finding in findings:
        mark = Text("ok  ", style="green") if finding.ok else Text("bad ", style="red")
        console.print(mark.append(f"{finding.step}: ", "default"), end="", highlight=False)
        console.print(finding.message, markup=False, highlight=False, soft_wrap=True)
        if finding.advice:
            console.print(f"     {finding.advice}", markup=False, highlight=False, soft_wrap=True)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def house(
    port: Annotated[int, typer.Option(min=1, max=65535, help="On this port of this machine.")] = 8765,
    quality: Annotated[float, typer.Option(min=0, max=1, help="How often a decision is the right one.")] = 1.0,
    latency: Annotated[float, typer.Option(min=0, help="Seconds an answer takes.")] = 0.0,
    tokens_per_second: Annotated[float, typer.Option(min=0, help="Instead of --latency; 0 for not.")] = 0.0,
    fault: Annotated[list[str] | None, typer.Option(help="kind=rate, for example malformed=0.1")] = None,
    seed: Annotated[int, typer.Option(help="Of faults and wrong decisions.")] = 0,
    hostile: Annotated[
        str | None,
        typer.Option(help="Misbehave: a kind, 'every' in turn, or 'any': as the path /KIND/v1 says."),
    ] = None,
) -> None:
    """Serve house, the scripted reasoner, as an OpenAI-compatible endpoint. It is no language model."""
    if hostile is not None:
        _misbehave(hostile, port)
        return
    import functools

    from brigade.dual_process.llm.server import HouseKnobs, build_app, serve
    from brigade.dual_process.reasoners import house_answer
    from brigade.envs.content import checked

    faults = dict(_rate(text) for text in fault or [])
    speed = tokens_per_second or None
    knobs = checked(HouseKnobs, {"latency_s": latency, "tokens_per_second": speed, "faults": faults, "seed": seed})
    console.print(f"house answers at http://127.0.0.1:{port}/v1 as model 'house'; Ctrl-C ends it", soft_wrap=True)
    asyncio.run(serve(build_app(functools.partial(house_answer, quality=quality), knobs), port))


def _misbehave(kind: str, port: int) -> None:
    from brigade.dual_process.llm.hostile import ANY, KINDS, Hostile

    server = Hostile(kind)
    if kind == ANY:
        console.print(f"kinds: {', '.join(KINDS)}", soft_wrap=True)
    where = f"http://127.0.0.1:{port}{'/KIND' if kind == ANY else ''}/v1"
    console.print(f"a server that misbehaves listens at {where}; Ctrl-C ends it", soft_wrap=True)
    asyncio.run(server.serve(port))


def _rate(text: str) -> tuple[str, float]:
    kind, _, rate = text.partition("=")
    try:
        return kind, float(rate)
    except ValueError:
        raise BrigadeError(f"--fault '{text}': expected kind=rate, for example malformed=0.1") from None

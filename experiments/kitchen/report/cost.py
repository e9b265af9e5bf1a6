"""What thinking cost: thoughts and how they ended, tokens, money, and what was not taken over from replies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from brigade.agents.base import agents
from brigade.batch.configuration.specs import AgentSpec
from brigade.batch.estimate import Estimate, estimate
from brigade.dual_process.reasoners import model_named
from brigade.experiments.kitchen.run.episodes import ENDED, IMAGINED, Episode, ThoughtRecord

TOP_REASONS = 8  # that many reasons are kept of a row, the most frequent first


@dataclass(frozen=True)
class Cost:
    """What the thinking of a team cost. Means are per episode.

    Attributes:
        model: who answered, `house` or the name of an endpoint's model.
        thoughts: how many were begun.
        outcomes: how often each outcome came, over all episodes, the most frequent first. A thought that was under
            way at the end of the episode counts as `ended`; its tokens are not known.
        latency_s: seconds from asking to effect of a thought, mean over all thoughts that took effect.
        prompt_tokens, completion_tokens: in and out.
        usd: US dollars; of no values without a price.
        dropped: tasks and guards that were not taken over.
        reasons: why, with how often, over all episodes, the most frequent first.
        trimmed: scenes left out of prompts to keep them short.
    """

    model: str
    thoughts: Estimate
    outcomes: dict[str, int]
    latency_s: Estimate
    prompt_tokens: Estimate
    completion_tokens: Estimate
    usd: Estimate
    dropped: Estimate
    reasons: tuple[tuple[str, int], ...]
    trimmed: Estimate

    def outcome(self, name: str) -> int:
        """How often an outcome came."""
        return self.outcomes.get(name, 0)

    @property
    def failed(self) -> int:
        """Calls that brought no reply: neither ok, nor malformed, nor ended with the episode."""
        return sum(self.outcomes.values()) - sum(self.outcome(name) for name in ("ok", "malformed", "ended"))


def cost_of(episodes: Sequence[Episode], config: Mapping[str, Any]) -> Cost | None:
    """What the thinking of a row cost; None when nobody in it thinks.

    Args:
        episodes: of one row.
        config: of the run, as its header has it.
    """
    if not episodes:
        return None
    first = episodes[0]
    if not any(thinks(agent.name) for agent in first.agents) and not any(_asked(e) for e in episodes):
        return None
    hz = setting(config, first.condition, "clock.hz", 4.0)
    everything = [thought for episode in episodes for thought in _asked(episode)]
    reasons = Counter(reason for thought in everything for _, reason in thought.dropped)
    outcomes = Counter("ended" if thought.outcome == ENDED else thought.outcome for thought in everything)
    return Cost(
        model=", ".join(dict.fromkeys(_models(first, config))),
        thoughts=estimate(len(_asked(episode)) for episode in episodes),
        outcomes=dict(ranked(outcomes)),
        latency_s=estimate(_seconds(thought, hz) for thought in everything),
        prompt_tokens=estimate(sum(t.prompt_tokens or 0 for t in _asked(episode)) for episode in episodes),
        completion_tokens=estimate(sum(t.completion_tokens or 0 for t in _asked(episode)) for episode in episodes),
        usd=estimate(_usd(episode, config) for episode in episodes),
        dropped=estimate(sum(len(t.dropped) for t in _asked(episode)) for episode in episodes),
        reasons=tuple(ranked(reasons)[:TOP_REASONS]),
        trimmed=estimate(sum(t.trimmed_scenes for t in _asked(episode)) for episode in episodes),
    )


def _asked(episode: Episode) -> list[ThoughtRecord]:
    """The thoughts that somebody was asked for; what was imagined costs no tokens."""
    return [thought for thought in episode.thoughts if thought.kind not in IMAGINED]


def setting(config: Mapping[str, Any], condition: Mapping[str, Any], key: str, default: float) -> float:
    """A number of a run's configuration, as it was under a condition."""
    part, _, name = key.partition(".")
    section = config.get(part)
    value = condition.get(key, section.get(name) if isinstance(section, Mapping) else None)
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e6
    return float(value) if fits and value is not None else default


def model_of(agent: AgentSpec, config: Mapping[str, Any], condition: Mapping[str, Any]) -> str:
    """The model that answers an agent: its own, or the run's."""
    reasoner = agent.options.get("reasoner", config.get("reasoner"))
    named = model_named(reasoner if isinstance(reasoner, Mapping) else {})
    if "reasoner" in agent.options:
        return named
    varied = (condition.get(f"reasoner.{key}") for key in ("endpoint.model", "options.model", "kind"))
    return str(next(filter(None, varied), named))


def thinks(name: str) -> bool:
    """Whether an agent is known here as one that thinks; of others, only what they recorded tells."""
    return name in agents and agents[name].thinks


def _models(episode: Episode, config: Mapping[str, Any]) -> list[str]:
    thinking = {thought.seat for thought in _asked(episode)}
    return [
        model_of(agent, config, episode.condition)
        for seat, agent in enumerate(episode.agents)
        if seat in thinking or thinks(agent.name)
    ]


def _usd(episode: Episode, config: Mapping[str, Any]) -> float | None:
    """What an episode cost, None when one of its models has no price or none was asked."""
    from brigade.dual_process.llm.calls import load_prices

    models = [model_of(agent, config, episode.condition) for agent in episode.agents]
    if all(model == "house" for model in models):
        return None
    prices = load_prices(config.get("prices"))
    total = None
    for thought in episode.thoughts:
        model = models[thought.seat]
        tokens = thought.prompt_tokens or 0, thought.completion_tokens or 0
        cost = None if model == "house" else prices.cost_usd(model, *tokens)
        if cost is None:
            return None
        total = (total or 0.0) + cost
    return total


def _seconds(thought: ThoughtRecord, hz: float) -> float | None:
    return None if thought.effect is None else max(thought.effect - thought.asked, 0) / hz


def ranked(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Names with how often they came, the most frequent first."""
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))

"""The frameworks that the paper compares (arXiv 2502.11882), with the times and triggers of its published code.

All of them write task lists beside the game. `NAME@paper` is the framework as published, and `NAME` the same with
Brigade's own defaults: its own state machine, where there is one behind the list. Where the two are the same, both
names stand for one framework.
"""

from __future__ import annotations

from brigade.dual_process.frameworks import AS_PUBLISHED, PICK, Framework, ThoughtSpec, frameworks
from brigade.dual_process.paper_side import FollowsTasks, OverPaperStateMachine, OverStateMachine

TURN = ThoughtSpec(20, scenes=1, on_beat=True, turns=3)
HINDSIGHT = ThoughtSpec(0, scenes=0, on_beat=True, turns=10)
LIST = ThoughtSpec(20, scenes=3, on_beat=True, from_tick=20)
LOOKING_BACK = ThoughtSpec(50, scenes=10, on_beat=True, from_tick=50)

REACT = {"tasks": TURN}
REFLEXION = {"tasks": TURN, "hindsight": HINDSIGHT}


def _own(name: str, about: str, framework: Framework) -> None:
    frameworks.register(name, about)(lambda: framework)


def _published(name: str, framework: Framework) -> None:
    _own(name + AS_PUBLISHED, f"{name} as published with DPT-Agent (arXiv 2502.11882)", framework)


_own(
    "react",
    "lists of tasks beside the game, from its own last turns; no state machine (ReAct)",
    Framework(REACT, fast_side=FollowsTasks),
)
_own(
    "reflexion",
    "the same, with a look back when something goes wrong (Reflexion)",
    Framework(REFLEXION, fast_side=FollowsTasks),
)
_own(
    "react_dpt",
    "react's lists over System 1, which goes on where they end",
    Framework(REACT, fast_side=OverStateMachine),
)
_own("reflexion_dpt", "reflexion's lists over System 1", Framework(REFLEXION, fast_side=OverStateMachine))
_published("act", Framework({"pick": PICK}))
_published("react", Framework(REACT, fast_side=FollowsTasks))
_published("reflexion", Framework(REFLEXION, fast_side=FollowsTasks))
_published("react_dpt", Framework(REACT, fast_side=OverPaperStateMachine))
_published("reflexion_dpt", Framework(REFLEXION, fast_side=OverPaperStateMachine))
_published("dpt_without_tom", Framework({"tasks": LIST, "reflection": LOOKING_BACK}, fast_side=OverPaperStateMachine))
_published("dpt", Framework({"tasks": LIST, "review": LOOKING_BACK}, fast_side=OverPaperStateMachine))

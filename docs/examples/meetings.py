"""What the state machine loses to meeting others: `python docs/examples/meetings.py --games 200`.

Plays every team on both maps of arXiv 2502.11882 and in the classic kitchens, and counts what the state machine loses
(beside itself: the chef that loses more). Prints, by kitchen and partner, the mean score; of the ticks in a row that an
episode loses at most to a meeting where there was room to pass, the mean, the greatest, and in how many episodes they
are more than 12; of the times a chef turns back and forth, the mean and the greatest; and the ticks lost, no room to
pass included.
"""

from __future__ import annotations

import argparse
import statistics
from multiprocessing import Pool

from brigade.agents.base import make_agent
from brigade.envs.kitchen.content.loading import load_kitchen
from brigade.simulation.episode import play
from brigade.simulation.meetings import Meetings, meetings

CLASSIC = ("cramped_room", "asymmetric_advantages", "coordination_ring", "forced_coordination", "counter_circuit")
MAPS = ("new_counter_circuit", "new_asymmetric_advantages")
ANYWHERE = ("fsm", "tempo", "pushing")
SPECIALISTS = ("beef_specialist", "lettuce_specialist", "assembler")
ALLOWED = 12  # ticks in a row


def lost(kitchen: str, partner: str, seed: int) -> tuple[int, Meetings]:
    """An episode's score, and what was lost by the chef that lost more, or by the state machine beside others."""
    loaded = load_kitchen(kitchen, 400, True) if kitchen in CLASSIC else load_kitchen(kitchen)
    played = play(loaded, [make_agent("fsm"), make_agent(partner)], seed)
    if played.crashed:
        raise SystemExit(f"{kitchen}, {partner}, seed {seed}: {played.crashed}")
    chefs = meetings(loaded, played, seed)[: 2 if partner == "fsm" else 1]
    most = (max(getattr(chef, what) for chef in chefs) for what in ("lost", "longest", "back_and_forth"))
    return played.score, Meetings(*most)


def main() -> None:
    """Play all of it on every core, and print a line for each kitchen and partner."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--games", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    options = parser.parse_args()
    teams = [(kitchen, partner) for kitchen in CLASSIC for partner in ANYWHERE]
    teams += [(kitchen, partner) for kitchen in MAPS for partner in (*ANYWHERE, *SPECIALISTS)]
    seeds = range(options.first, options.first + options.games)
    print(f"{'kitchen':<26}{'partner':<20}score  in a row: mean most over {ALLOWED}  turns: mean most   ticks lost")
    with Pool() as pool:
        for kitchen, partner in teams:
            games = pool.starmap(lost, [(kitchen, partner, seed) for seed in seeds])
            score = statistics.fmean(score for score, _ in games)
            longest, turns = [m.longest for _, m in games], [m.back_and_forth for _, m in games]
            print(
                f"{kitchen:<26}{partner:<20}{score:5.1f}{statistics.fmean(longest):16.1f}{max(longest):5}"
                f"{sum(ticks > ALLOWED for ticks in longest):8}{statistics.fmean(turns):13.1f}{max(turns):5}"
                f"{statistics.fmean(m.lost for _, m in games):13.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()

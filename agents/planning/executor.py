"""Carrying out macro actions: every tick, what should this chef interact with now?

Nothing is planned ahead that the next tick could overturn. Each method looks at the observed state afresh and returns
the next goal, so a plate that the partner took away or a pan that came free is noticed at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from itertools import pairwise, permutations, product

from brigade.agents.planning import macro as macros
from brigade.agents.planning.macro import Macro
from brigade.agents.planning.observed_state import ObservedState
from brigade.agents.planning.paths import FAR
from brigade.agents.planning.reachability import THERE_AND_BACK, where_it_burns
from brigade.agents.planning.recipes import Recipes
from brigade.agents.planning.subgoals import Done, Failed, Go, Goal, Rest, Subgoals, Use
from brigade.envs.kitchen.content.cookbook import Kind

Scene = tuple[Kind, Mapping[int, Kind], frozenset[int]]


class Executor(Subgoals):
    """Carries out one macro action at a time for one chef.

    Args:
        recipes: of the kitchen.
        seat: which chef.
    """

    def __init__(self, recipes: Recipes, seat: int):
        super().__init__(recipes, seat)
        self._begun = 0
        self._beside: dict[int, int] = {}  # by dispenser, the counter for the plate while something is fetched there
        self._handed = False  # whether it has held what it is to serve, pass on or throw away
        self._kept: tuple[Macro, Use, Scene] | None = None  # where it goes, and what it saw when it chose to

    def start(self, observed: ObservedState) -> None:
        """Begin a new macro action: forget what the last one had in progress."""
        self._begun = observed.tick
        self._place = self._pending = None
        self._beside = {}
        self._handed = False
        self._kept = None

    def goal(self, macro: Macro, observed: ObservedState) -> Goal:
        """What to do now for `macro`: where it was going, as long as nothing but its own place is different."""
        self.look(observed)
        scene = self.me.hand, observed.at, self._worked_at()
        if self._kept is not None and self._kept[0] == macro and self._kept[2] == scene:
            return self._kept[1]
        goal = self._next(macro)
        self._kept = (macro, goal, scene) if isinstance(goal, Use) else None
        return goal

    def can_begin(self, macro: Macro, observed: ObservedState) -> bool:
        """Whether something can be done for a macro action now. For a probe: it forgets what was in progress."""
        self.start(observed)
        return isinstance(self.goal(macro, observed), Use | Rest)

    def keep_from(self, cell: int, until: int) -> None:
        """Somebody stands where there is no way past to a cell: what is as good elsewhere is better until then."""
        if self.taken.get(cell, 0) <= self.observed.tick:
            self.taken[cell] = until
            self._kept = None

    def _next(self, macro: Macro) -> Goal:
        """What is nearest now; asked again at each step, two things equally near would be gone to in turns."""
        observed = self.observed
        if self._pending is not None and self.me.hand.index == 0 and self._pending in observed.at:
            self._place, self._pending = self._pending, None
        return VERBS[macro.verb](self, macro)

    # -- prepare ------------------------------------------------------------------------------------------------------

    def _prepare(self, macro: Macro) -> Goal:
        if macro.item in self.recipes.spec.dishes:
            return self._fill_vessel(macro.item)
        if macro.plate:
            return self._plate_up(macro.item)
        return self._make(macro.item)

    def _make(self, food: str) -> Goal:
        """One more of a food: lying ready, or on its way without further help."""
        hand, at = self.me.hand, self.observed.at
        if self._place is not None:
            here = at.get(self._place)
            if here is None or here.name == food:
                return Done()
            way = next((w for w in self.recipes.ways.get(food, []) if w.source == here.name), None)
            if way is not None and not way.by_hand:
                return Done()
        if hand.name == food:
            cell = self.counter_near()
            self._pending = cell
            return Use(cell) if cell is not None else Failed("no free counter")
        if self.recipes.dispensed(food):
            return self._fetch_more(food)
        return self._process(food)

    def _fetch_more(self, food: str) -> Goal:
        """A fresh one, or one that was passed over; what lies on a counter of one's own is there already."""
        if self.me.hand.index != 0:
            return self.put_down()
        between = self.counters_between()
        cell = self.nearest([*(cell for cell in self.loose(food) if cell in between), *self.dispensers(food)])
        return Use(cell) if cell is not None else Failed(f"no {food} within reach")

    def _plate_up(self, food: str) -> Goal:
        """A plate with this food alone, on a counter."""
        wanted = self.recipes.cookbook.plate_with(food)
        if wanted is None:
            return Failed(f"{food} does not go on a plate by itself")
        if self._place is not None and self.observed.at.get(self._place) in (wanted, None):
            return Done()
        if self.me.hand == wanted:
            cell = self.counter_near()
            self._pending = cell
            return Use(cell) if cell is not None else Failed("no free counter")
        return self._onto_plate(food)

    def _onto_plate(self, food: str) -> Goal:
        """Bring a food and an empty plate together."""
        hand, plate = self.me.hand, self.recipes.plate
        ready = self._collectable(plate, food)
        if hand == plate:
            if ready:
                return Use(ready[0])
            dispenser = self.nearest(self.dispensers(food))
            if dispenser is not None:
                return self.put_down(dispenser, THERE_AND_BACK)
            cooking = self._cooking(food)
            return Rest(cooking[0]) if cooking is not None else Failed(f"no {food} is ready")
        plates = [cell for cell in self.loose(plate.name) if cell in self.recipes.counters]
        if hand.name == food:
            cell = self.nearest(plates)
            if cell is not None and self.recipes.effect(cell, hand, plate) is not None:
                self._pending = cell
                return Use(cell)
            return self.put_down(self.nearest(self.dispensers(plate.name)), THERE_AND_BACK)
        if hand.index != 0:
            return self.put_down(ready[0] if ready else None)
        if not ready and self.recipes.dispensed(food) and plates:
            return self.fetch(food)
        if not ready and not self.dispensers(food) and self._cooking(food) is None:
            return Failed(f"no {food} is ready")
        return self.fetch(plate.name)

    def _collectable(self, plate: Kind, food: str) -> list[int]:
        """Cells from which a held plate could take this food: what would burn soonest first, then the nearest."""
        cells = [cell for cell in self.lying(food) if self.recipes.effect(cell, plate, self.observed.at[cell])]
        return sorted(
            cells, key=lambda cell: (self.recipes.spoils_in(cell, food, self.observed.progress[cell]), self.cost(cell))
        )

    def _cooking(self, food: str) -> tuple[int, int] | None:
        """(cell, ticks left) of the food of this kind that will be done first by itself, within reach."""
        found = []
        for way in self.recipes.ways.get(food, []):
            if way.source is not None and not way.by_hand:
                stoves = (cell for cell in self.lying(way.source) if cell in self.recipes.cells[way.tile])
                found += [(way.amount - self.observed.progress[cell], cell) for cell in stoves]
        return (min(found)[1], min(found)[0]) if found else None

    # -- vessels ------------------------------------------------------------------------------------------------------

    def _fill_vessel(self, dish: str) -> Goal:
        """A pot or bowl filled with what a dish needs, and set going."""
        foods = Counter(self.recipes.foods_of(dish))
        tile = self.recipes.vessel_of(dish)
        if tile is None:
            return Failed(f"{dish} is put together on a plate: assemble it")
        cell = self._vessel_for(tile, foods)
        if cell is None:
            return Failed(f"every {tile} is in use, or out of reach")
        here = self.observed.at.get(cell)
        if here is not None and here.phase in ("cooking", "ready"):
            return Done()
        self._place = cell
        missing = foods - Counter(here.contents if here is not None else ())
        hand = self.me.hand
        if not missing:
            return Use(cell) if hand.index == 0 else self.put_down(cell)
        if hand.name in missing:
            return Use(cell)
        return self._obtain_any(missing, cell)

    def _obtain_any(self, missing: Counter[str], cell: int) -> Goal:
        """Have one of the missing foods in hand: what lies ready first, then what must be made."""
        made_of = {way.source for food in missing for way in self.recipes.ways.get(food, [])}
        if self.me.hand.index != 0 and self.me.hand.name not in made_of:
            return self.put_down(cell)
        ready = [c for food in missing for c in (*self.loose(food), *self.dispensers(food))]
        first = self.nearest(ready)
        if first is not None and self.me.hand.index == 0:
            return Use(first)
        failed: Goal = Failed("nothing is missing")
        for food in missing:
            failed = self.obtain(food)
            if not isinstance(failed, Failed):
                return failed
        return failed

    def _vessel_for(self, tile: str, foods: Counter[str]) -> int | None:
        """The vessel to use: the one this macro action has begun, else the fullest that fits, else an empty one."""
        cells = [cell for cell in self.recipes.cells[tile] if self._reach[cell]]
        if self._place in cells and self._fits(self._place, foods) is not None:
            return self._place
        scored = [(fit, -self.cost(cell), cell) for cell in cells if (fit := self._fits(cell, foods)) is not None]
        return max(scored)[2] if scored else None

    def _fits(self, cell: int | None, foods: Counter[str]) -> int | None:
        """How many of these foods are in the vessel already; None if it holds something else or is beyond filling."""
        here = self.observed.at.get(cell) if cell is not None else None
        if here is None:
            return 0
        if cell == self._place and here.phase in ("cooking", "ready") and Counter(here.contents) == foods:
            return len(here.contents)
        return len(here.contents) if here.phase == "raw" and Counter(here.contents) <= foods else None

    # -- assemble and serve -------------------------------------------------------------------------------------------

    def _assemble(self, dish: str) -> Goal:
        hand = self.me.hand
        if hand.holder == "plate" and hand.dish == dish:
            return Done()
        if self.recipes.vessel_of(dish) is not None:
            return self._dish_up(dish)
        need = Counter(self.recipes.foods_of(dish))
        if hand.holder == "plate" and Counter(hand.contents) <= need:
            return self._collect(need, hand)
        if hand.holder == "food" and hand.name in need:
            return self._add_to_plate(need, hand)
        if hand.index != 0:
            return self.put_down()
        return self._begin_plate(need)

    def _dish_up(self, dish: str) -> Goal:
        """Take what a pot or bowl has made onto a plate."""
        need, hand, plate = Counter(self.recipes.foods_of(dish)), self.me.hand, self.recipes.plate
        passed = self._passed_on()
        finished = [cell for cell in self.lying_dish(dish) if cell not in passed]
        vessels = [
            cell for cell, kind in self.observed.at.items()
            if kind.holder == "vessel" and kind.phase != "raw" and self._reach[cell] and Counter(kind.contents) == need
        ]  # fmt: skip
        if not vessels and not finished:
            return Failed(f"no {dish} is ready or cooking")
        if hand.index == 0 and finished:
            return Use(finished[0])
        ready = self.nearest(cell for cell in vessels if self.observed.at[cell].phase == "ready")
        if hand == plate:
            return Use(ready) if ready is not None else Rest(self.nearest(vessels))
        if hand.index != 0:
            return self.put_down(ready)
        return self.fetch(plate.name)

    def _passed_on(self) -> list[int]:
        """Where what lies is for others to serve: the counters between, for who has no hatch."""
        return self.shared_counters() if self.nearest(self.recipes.hatches) is None else []

    def lying_dish(self, dish: str) -> list[int]:
        """Cells within reach with a finished dish of this name on a plate, nearest first."""
        at = self.observed.at
        cells = [c for c, kind in at.items() if kind.holder == "plate" and kind.dish == dish and self._reach[c]]
        return sorted(cells, key=self.cost)

    def _collect(self, need: Counter[str], plate: Kind) -> Goal:
        """A plate is in hand: go round to what is missing, on the shortest tour that ends at the hatch."""
        missing = need - Counter(plate.contents)
        merge = self._mergeable(need, plate)
        if merge is not None:
            return Use(merge)
        stops: list[list[int]] = []
        waiting: list[tuple[int, int]] = []
        for food in missing.elements():
            options = self._collectable(plate, food)
            dispenser = self.nearest(self.dispensers(food))
            if not options and dispenser is not None:
                counter = self._counter_beside(dispenser)
                options = [counter] if counter is not None else []
            if options:
                stops.append(options[:1] if self.recipes.works_at(options[0]) else options[:2])
            else:
                cooking = self._cooking(food)
                if cooking is None:
                    return Failed(f"no {food} is ready")
                waiting.append(cooking)
        if stops:
            first = self._tour(stops)
            if first not in self.observed.at:
                self._pending = first  # the plate is put down there, to be gone on with
            return Use(first)
        return Rest(min(waiting, key=lambda entry: entry[1])[0])

    def _counter_beside(self, dispenser: int) -> int | None:
        """Where to put the plate down to fetch something: the same counter as long as it is free."""
        kept = self._beside.get(dispenser)
        if kept is None or kept in self.observed.at:
            kept = self.counter_near(dispenser, THERE_AND_BACK)
        if kept is not None:
            self._beside[dispenser] = kept
        return kept

    def _mergeable(self, need: Counter[str], plate: Kind) -> int | None:
        """A plate on a counter whose content can be taken onto the plate in hand, towards the same dish."""
        cells = []
        for cell, kind in self.observed.at.items():
            if kind.holder == "plate" and kind.contents and self._reach[cell]:
                effect = self.recipes.effect(cell, plate, kind)
                if effect is not None and plate.contents and Counter(effect.hand.contents) <= need:
                    cells.append(cell)
        return self.nearest(cells)

    def _tour(self, stops: list[list[int]]) -> int:
        """The first stop of the shortest way past one cell of each list and on to a hatch."""
        between = self.grid.between
        ends = [cell for cell in self.recipes.hatches if self._reach[cell]]
        best, first = FAR * 10, stops[0][0]
        for order in permutations(stops):
            for cells in product(*order):
                length = self.cost(cells[0]) + sum(between(a, b) for a, b in pairwise(cells))
                length += min((between(cells[-1], end) for end in ends), default=0)
                if length < best:
                    best, first = length, cells[0]
        return first

    def _add_to_plate(self, need: Counter[str], food: Kind) -> Goal:
        """A needed food is in bare hands: onto the plate it belongs to, or down beside where plates are."""
        cells = []
        for cell, kind in self.observed.at.items():
            if kind.holder == "plate" and self._reach[cell]:
                effect = self.recipes.effect(cell, food, kind)
                if effect is not None and Counter(effect.target.contents) <= need:
                    cells.append((-len(kind.contents), self.cost(cell), cell))
        if cells:
            return Use(min(cells)[2])
        return self.put_down(self.nearest(self.dispensers(self.recipes.plate.name)), THERE_AND_BACK)

    def _begin_plate(self, need: Counter[str]) -> Goal:
        """Hands are empty: choose the plate to build on and what to fetch for it."""
        base = self._base(need)
        have = Counter(self.observed.at[base].contents) if base is not None else Counter[str]()
        plate = self.observed.at[base] if base is not None else self.recipes.plate
        missing = need - have
        bring = []
        for food in missing:
            if not self._collectable(plate, food):
                dispensers = self.dispensers(food)
                if not dispensers and self._cooking(food) is None and not self._on_other_plate(need, food):
                    return Failed(f"no {food} is ready")
                bring.extend(dispensers)
        if base is None:
            return self.fetch(self.recipes.plate.name)
        first = self.nearest(bring)
        return Use(first) if first is not None else Use(base)

    def _on_other_plate(self, need: Counter[str], food: str) -> bool:
        plates = (kind for cell, kind in self.observed.at.items() if kind.holder == "plate" and self._reach[cell])
        return any(food in kind.contents and Counter(kind.contents) <= need for kind in plates)

    def _base(self, need: Counter[str]) -> int | None:
        """The plate on a counter to go on with: the fullest that fits, then the nearest."""
        cells = []
        passed = self._passed_on()
        for cell, kind in self.observed.at.items():
            fits = kind.holder == "plate" and self._reach[cell] and Counter(kind.contents) <= need
            if Counter(kind.contents) == need and cell in passed:
                continue
            if fits and (kind.contents or self._worth_using(cell)):
                cells.append((-len(kind.contents), self.cost(cell), cell))
        return min(cells)[2] if cells else None

    def _worth_using(self, cell: int) -> bool:
        """Whether an empty plate that lies about is nearer than a fresh one, or was put there to be gone on with."""
        if cell == self._place:
            return True
        fresh = self.nearest(self.dispensers(self.recipes.plate.name))
        return fresh is None or self.cost(cell) <= self.cost(fresh)

    def _serve(self, dish: str) -> Goal:
        hand, hatch = self.me.hand, self.nearest(self.recipes.hatches)
        if hatch is None:
            return Failed("no hatch within reach: pass it on")
        if hand.holder == "plate" and hand.dish == dish:
            self._handed = True
            return Use(hatch)
        if self._handed:
            return Done()
        finished = self.lying_dish(dish)
        if not finished:
            return Failed(f"no {dish} is finished")
        return Use(finished[0]) if hand.index == 0 else self.put_down(finished[0])

    # -- the rest -----------------------------------------------------------------------------------------------------

    def _pass_on(self, item: str) -> Goal:
        hand = self.me.hand
        if self._is(hand, item):
            self._handed = True
            cell = self.nearest(self.free(self.shared_counters()))
            return Use(cell) if cell is not None else Failed("every counter to pass things over is full")
        if self._handed:
            return Done()
        shared = set(self.shared_counters())
        if item in self.recipes.spec.dishes:
            finished = [cell for cell in self.lying_dish(item) if cell not in shared]
            if not finished:
                return self._assemble(item)
            return Use(finished[0]) if hand.index == 0 else self.put_down(finished[0])
        plated = [
            cell for cell, kind in self.observed.at.items() if kind.contents == (item,) and kind.holder == "plate"
        ]
        begun = self.nearest(cell for cell in plated if cell not in shared)
        if begun is not None:
            return Use(begun) if hand.index == 0 else self.put_down(begun)
        if item == self.recipes.plate.name or self.recipes.holdable(item):
            return self._obtain_elsewhere(item, shared)
        return self._onto_plate(item)

    def _let_go(self) -> Goal:
        """What is in hand goes to where others can take it: towards what somebody keeps this chef from, if anything."""
        if self.me.hand.index == 0:
            return Done()
        cell = self.towards_what_is_shut()
        if cell is None:
            cell = self.nearest(self.free(self.shared_counters()))
        return Use(cell) if cell is not None else Failed(f"no free counter to put the {self.me.hand.name} on")

    def _is(self, kind: Kind, item: str) -> bool:
        """Whether what is in hand is what `pass_on` speaks of: the thing itself, on a plate or bare."""
        if kind.name == item or (kind.holder == "plate" and kind.dish == item):
            return True
        return kind.holder == "plate" and kind.contents == (item,)

    def _obtain_elsewhere(self, item: str, shared: set[int]) -> Goal:
        """Like `obtain`, but what lies on a shared counter has been passed on already."""
        hand = self.me.hand
        cells = [cell for cell in self.loose(item) if cell not in shared]
        cell = self.nearest([*cells, *self.dispensers(item)])
        if cell is not None:
            return Use(cell) if hand.index == 0 else self.put_down(cell)
        return self._process(item)

    def _put_out_fire(self) -> Goal:
        hand = self.me.hand
        fires = [cell for cell, kind in self.observed.at.items() if kind.burning]
        fire = self.nearest(fires)
        if not fires:
            return self.put_down() if hand.holder == "tool" else Done()
        if fire is None:
            return self._hand_over_tool(where_it_burns(self.observed, self.grid))
        if hand.holder == "tool":
            return Use(fire)
        tool = self.nearest(self._tools())
        if tool is None:
            return Failed("nothing to put the fire out with is within reach")
        return Use(tool) if hand.index == 0 else self.put_down(tool)

    def _hand_over_tool(self, there: set[int]) -> Goal:
        """It burns in other parts of the kitchen: what puts it out goes to where somebody there can take it."""
        hand, between = self.me.hand, self.counters_between()
        at_hand = [self.grid.region[chef.cell] in there for chef in self.observed.chefs if chef.hand.holder == "tool"]
        if any(at_hand) or any(self.grid.regions_beside(cell) & there for cell in self._tools()):
            return self.put_down() if hand.holder == "tool" else Failed("it burns where others are, who can put it out")
        across = [cell for cell in between if self.grid.regions_beside(cell) & there]
        over = self.nearest(self.free(across or between))
        if hand.holder == "tool":
            return Use(over) if over is not None else self.put_down()
        tool = self.nearest(cell for cell in self._tools() if across or cell not in between)
        if over is None or tool is None:
            return Failed("nothing to put the fire out with can be handed over")
        return Use(tool) if hand.index == 0 else self.put_down(tool)

    def _tools(self) -> list[int]:
        return [cell for cell, kind in self.observed.at.items() if kind.holder == "tool"]

    def _clear(self) -> Goal:
        hand, bin_ = self.me.hand, self.nearest(self.recipes.bins)
        if hand.holder == "food" or (hand.holder == "plate" and hand.contents):
            self._handed = True
            return Use(bin_) if bin_ is not None else self.put_down()
        if self._handed:
            return Done()
        if bin_ is None:
            return Failed("no bin within reach")
        useless = [cell for cell, kind in self.observed.at.items() if self._reach[cell] and self.useless(kind)]
        bare = [cell for cell in useless if self.recipes.bare(cell, self.observed.at[cell])]
        stuck = [cell for cell in useless if self.recipes.effect(cell, self.recipes.plate, self.observed.at[cell])]
        if hand == self.recipes.plate and stuck:
            cell = self.nearest(stuck)
            assert cell is not None
            return Use(cell)
        if hand.index != 0:
            return self.put_down()
        cell = self.nearest(bare)
        if cell is not None:
            return Use(cell)
        return self.fetch(self.recipes.plate.name) if stuck else Failed("nothing to throw away")

    def useless(self, kind: Kind) -> bool:
        """Whether no dish will ever have this in it."""
        return (
            kind.holder in ("food", "plate")
            and not kind.burning
            and any(not self.recipes.wanted(food) for food in kind.contents)
        )

    def _stand(self, name: str) -> Goal:
        cell = self.recipes.kitchen.cells_by_name[name]
        if self.me.cell == cell:
            return Done()
        return Go(cell) if self.grid.region[cell] == self.region else Failed("it is out of reach")

    def _wait(self, macro: Macro) -> Goal:
        return Done() if self.observed.tick - self._begun >= macro.ticks else Rest()


VERBS: dict[str, Callable[[Executor, Macro], Goal]] = {
    macros.PREPARE: Executor._prepare,
    macros.ASSEMBLE: lambda executor, macro: executor._assemble(macro.item),
    macros.SERVE: lambda executor, macro: executor._serve(macro.item),
    macros.PASS_ON: lambda executor, macro: executor._pass_on(macro.item),
    macros.PUT_OUT_FIRE: lambda executor, macro: executor._put_out_fire(),
    macros.CLEAR_COUNTER: lambda executor, macro: executor._clear(),
    macros.WAIT: Executor._wait,
    macros.PUT_DOWN: lambda executor, macro: executor._let_go(),
    macros.STAND: lambda executor, macro: executor._stand(macro.item),
}

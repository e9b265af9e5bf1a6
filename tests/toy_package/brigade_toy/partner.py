"""Who a partner is thought to be."""

from brigade.agents.base import View, make_agent
from brigade.dual_process.partner_model import PartnerModel


class Sleepy(PartnerModel):
    """A state machine that sleeps at first."""

    trust = 0  # imagined so whatever it does

    def see(self, sight):
        """Take in the next tick."""
        self.agent = make_agent("stay" if sight.now.tick < 100 else "fsm")

    def programs(self, draw):
        """Who acts as this partner."""
        self.agent.reset(View(self.kitchen, self.seat))
        return [(1.0, self.agent)]

"""MAPPO with BenchMARL: a kitchen as one of its tasks, the critic fed with `state()`.

Run: python benchmarl_mappo.py [--kitchen CrampedRoom] [--frames 60000]
"""

import argparse
import copy
from tempfile import mkdtemp

import numpy as np
import pettingzoo
import torch
from benchmarl.algorithms import MappoConfig
from benchmarl.environments import Task
from benchmarl.environments.pettingzoo.common import PettingZooClass
from benchmarl.experiment import Callback, Experiment, ExperimentConfig
from benchmarl.models.mlp import MlpConfig
from torchrl.envs import PettingZooWrapper

import brigade  # noqa: F401  # with it come the ids


class KitchenTask(PettingZooClass):
    """How BenchMARL makes a kitchen, and what it has."""

    def get_env_fun(self, num_envs, continuous_actions, seed, device):
        given = {"shaped_coefficient": 1.0, **copy.deepcopy(self.config)}

        def make():
            env = pettingzoo.make("parallel", f"Brigade/{self.name}-v0", **given)
            chefs = {"chefs": env.possible_agents}
            return PettingZooWrapper(
                env, group_map=chefs, categorical_actions=True, return_state=True, seed=seed, device=device
            )

        return make

    def supports_continuous_actions(self):
        return False

    def supports_discrete_actions(self):
        return True

    def has_state(self):
        return True

    def has_render(self, env):
        return False

    @staticmethod
    def env_name():
        return "brigade"


class Kitchens(Task):
    """Any of the kitchens' names in ids can stand here."""

    CrampedRoom = None
    AsymmetricAdvantages = None
    NewCounterCircuit = None

    @staticmethod
    def associated_class():
        return KitchenTask


class Told(Callback):
    """What each batch of the training brought, an episode."""

    def __init__(self, ticks):
        super().__init__()
        self.returns, self.ticks = [], ticks

    def on_batch_collected(self, batch):
        self.returns.append(batch["next", "chefs", "reward"].mean().item() * self.ticks)
        print(f"{len(self.returns)}: {self.returns[-1]:.1f} an episode", flush=True)


parser = argparse.ArgumentParser()
parser.add_argument("--kitchen", default="CrampedRoom", choices=[kitchen.name for kitchen in Kitchens])
parser.add_argument("--frames", type=int, default=60_000)
parser.add_argument("--ticks", type=int, default=400)
args = parser.parse_args()
torch.set_num_threads(1)

config = ExperimentConfig.get_from_yaml()
config.max_n_frames, config.max_n_iters = args.frames, None
config.on_policy_collected_frames_per_batch, config.on_policy_n_envs_per_worker = 4000, 4
config.on_policy_minibatch_size, config.on_policy_n_minibatch_iters = 400, 6
config.lr, config.evaluation, config.render, config.loggers = 1e-3, False, False, []
config.save_folder = mkdtemp()
told = Told(args.ticks)
Experiment(
    task=Kitchens[args.kitchen].get_task({"max_cycles": args.ticks}),
    algorithm_config=MappoConfig.get_from_yaml(),
    model_config=MlpConfig(num_cells=[64, 64], layer_class=torch.nn.Linear, activation_class=torch.nn.Tanh),
    critic_model_config=MlpConfig(num_cells=[64, 64], layer_class=torch.nn.Linear, activation_class=torch.nn.Tanh),
    seed=0,
    config=config,
    callbacks=[told],
).run()
print(f"at first {told.returns[0]:.1f}, learned {np.mean(told.returns[-3:]):.1f} an episode, with shaped rewards")

"""PPO with TorchRL: one kitchen by its id, a batch of kitchens, or all chefs through PettingZoo.

Run: python torchrl_ppo.py [--world single | batched | pettingzoo] [--kitchen CrampedRoom] [--frames 60000]
"""

import argparse

import gymnasium
import pettingzoo
import torch
from tensordict.nn import TensorDictModule
from torch import nn
from torchrl.collectors import Collector
from torchrl.envs import ExplorationType, GymEnv, GymWrapper, PettingZooWrapper, check_env_specs, set_exploration_type
from torchrl.modules import MultiAgentMLP, ProbabilisticActor
from torchrl.objectives import ClipPPOLoss
from torchrl.objectives.value import GAE

import brigade  # noqa: F401  # with it come the ids

parser = argparse.ArgumentParser()
parser.add_argument("--world", default="batched", choices=("single", "batched", "pettingzoo"))
parser.add_argument("--kitchen", default="CrampedRoom")
parser.add_argument("--frames", type=int, default=60_000)
parser.add_argument("--batch", type=int, default=16, help="kitchens in a batch")
args = parser.parse_args()
torch.set_num_threads(1)
torch.manual_seed(0)

PER_BATCH, EPOCHS, MINIBATCH, RATE, SCALE = 3200, 6, 400, 1e-3, 0.1


def make():
    """The world as TorchRL sees it; one chef of two learns, or both do, with one network."""
    if args.world == "single":
        return GymEnv(f"Brigade/{args.kitchen}-Shaped-v0", categorical_action_encoding=True)
    if args.world == "batched":
        batch = gymnasium.make_vec(f"Brigade/{args.kitchen}-Shaped-v0", args.batch, autoreset_mode="Disabled")
        return GymWrapper(batch, categorical_action_encoding=True)
    env = pettingzoo.make("parallel", f"Brigade/{args.kitchen}-v0", shaped_coefficient=1.0)
    return PettingZooWrapper(env, group_map={"chefs": env.possible_agents}, categorical_actions=True)


env = make()
check_env_specs(env)
together = args.world == "pettingzoo"
seen, action, reward = ("chefs", "observation"), ("chefs", "action"), ("chefs", "reward")
done, ended, value = ("chefs", "done"), ("chefs", "terminated"), ("chefs", "state_value")
if not together:
    seen, action, reward, done, ended, value = (key[-1] for key in (seen, action, reward, done, ended, value))
size = env.observation_spec[seen].shape[-1]


def network(outputs):
    """Two layers: one network for all chefs, each by what it sees itself."""
    if together:
        chefs = env.observation_spec[seen].shape[0]
        layers = {"depth": 2, "num_cells": 64, "activation_class": nn.ReLU}
        return MultiAgentMLP(size, outputs, chefs, centralized=False, share_params=True, **layers)
    return nn.Sequential(nn.Linear(size, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, outputs))


logits = ("chefs", "logits") if together else "logits"
actor = ProbabilisticActor(
    TensorDictModule(network(6), in_keys=[seen], out_keys=[logits]),
    in_keys={"logits": logits},
    out_keys=[action],
    distribution_class=torch.distributions.Categorical,
    return_log_prob=True,
)
critic = TensorDictModule(network(1), in_keys=[seen], out_keys=[value])
loss = ClipPPOLoss(actor, critic, clip_epsilon=0.2, entropy_coeff=0.02, normalize_advantage=True)
loss.set_keys(reward=reward, action=action, value=value, done=done, terminated=ended)
advantages = GAE(gamma=0.99, lmbda=0.95, value_network=critic)
advantages.set_keys(reward=reward, value=value, done=done, terminated=ended)
optimizer = torch.optim.Adam(loss.parameters(), RATE)


def play(policy, ticks=400):
    """What the episodes of a world bring, the shaped rewards with them."""
    with torch.no_grad(), set_exploration_type(ExplorationType.RANDOM):  # not the most probable action
        worlds = [
            env.rollout(ticks, policy, break_when_any_done=False) for _ in range(1 if args.world == "batched" else 4)
        ]
    return torch.stack([world["next"][reward].sum() / world.numel() * ticks for world in worlds]).mean().item() / (
        env.observation_spec[seen].shape[0] if together else 1
    )


random = play(None)
for number, data in enumerate(Collector(env, actor, frames_per_batch=PER_BATCH, total_frames=args.frames)):
    earned = data["next"][reward].mean().item() * 400
    data["next"][reward] *= SCALE  # so that the critic's errors do not drown the actor's
    for _ in range(EPOCHS):
        with torch.no_grad():
            advantages(data)
        rows = data.reshape(-1)
        for part in torch.randperm(len(rows)).split(MINIBATCH):
            losses = loss(rows[part])
            optimizer.zero_grad()
            (losses["loss_objective"] + losses["loss_critic"] / 20 + losses["loss_entropy"]).backward()
            nn.utils.clip_grad_norm_(loss.parameters(), 0.5)
            optimizer.step()
    print(f"{(number + 1) * PER_BATCH} frames, {earned:.1f} an episode", flush=True)
print(f"random {random:.1f}, learned {play(actor):.1f} an episode, with shaped rewards")

"""Stable-Baselines3 for all chefs at once: SuperSuit makes every chef of every kitchen a row of one batch.

Run: python supersuit_sb3.py [--kitchen cramped_room] [--steps 300000]
"""

import argparse

import numpy as np
import supersuit
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecMonitor

from brigade.envs import kitchen_v0

parser = argparse.ArgumentParser()
parser.add_argument("--kitchen", default="cramped_room")
parser.add_argument("--steps", type=int, default=300_000, help="of single chefs")
parser.add_argument("--kitchens", type=int, default=8)
args = parser.parse_args()
torch.set_num_threads(1)
torch.manual_seed(0)

team = kitchen_v0.parallel_env(kitchen=args.kitchen, shaped_coefficient=1.0)
rows = supersuit.pettingzoo_env_to_vec_env_v1(team)
batch = VecMonitor(supersuit.concat_vec_envs_v1(rows, args.kitchens, base_class="stable_baselines3"))
# SuperSuit has no seed() for Stable-Baselines3: no seed is given to PPO, and torch.manual_seed makes runs alike.
model = PPO("MlpPolicy", batch, n_steps=200, batch_size=800, n_epochs=6, learning_rate=1e-3, ent_coef=0.02)


def play(policy, episodes=5):
    """What the episodes bring the chefs on average, the shaped rewards with them, and the score."""
    totals, scores = [], []
    for episode in range(episodes):
        seen, _ = team.reset(seed=1000 + episode)
        total = 0.0
        while team.agents:
            seen, rewards, _, _, infos = team.step({chef: policy(chef, seen[chef]) for chef in team.agents})
            total += sum(rewards.values()) / len(rewards)
        totals.append(total)
        scores.append(infos["chef_0"]["score"])
    return f"{np.mean(totals):.1f} (score {np.mean(scores):.1f})"


for chef in team.possible_agents:
    team.action_space(chef).seed(1)
random = play(lambda chef, _: team.action_space(chef).sample())
model.learn(args.steps, progress_bar=False)
learned = play(lambda _, seen: int(model.predict(seen, deterministic=False)[0]))
print(f"random {random}, learned {learned} an episode")

"""Stable-Baselines3 in one seat, with a state machine as partner in the other.

Run: python sb3.py [--kitchen cramped_room] [--steps 300000]
"""

import argparse

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env

from brigade.envs import kitchen_v0

parser = argparse.ArgumentParser()
parser.add_argument("--kitchen", default="cramped_room")
parser.add_argument("--steps", type=int, default=300_000, help="environment steps")
parser.add_argument("--out", default="sb3_chef.zip", help="where the model goes")
args = parser.parse_args()
torch.set_num_threads(1)

world = {"kitchen": args.kitchen, "old_dynamics": True, "partners": "fsm", "seat": 0}
env = make_vec_env(kitchen_v0.solo_env, n_envs=8, seed=0, env_kwargs={**world, "shaped_coefficient": 1.0})
model = PPO("MlpPolicy", env, n_steps=400, batch_size=400, n_epochs=6, learning_rate=1e-3, ent_coef=0.02, verbose=1)
model.learn(args.steps)
model.save(args.out)

kitchen, totals = kitchen_v0.solo_env(**world), []  # without shaped rewards
for episode in range(5):
    seen, info = kitchen.reset(seed=episode)
    over = False
    while not over:
        action, _ = model.predict(seen, deterministic=False)
        seen, _, _, over, info = kitchen.step(int(action))
    totals.append(info["score"])
print(f"sparse return {sum(totals) / len(totals):.1f} over {len(totals)} episodes, model in {args.out}")

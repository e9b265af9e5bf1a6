"""Stable-Baselines3 on planes. They are no picture: 40 channels of 5 x 4 cells, too small for its CNN of Atari's.

Run: python sb3_planes.py [--kitchen cramped_room] [--steps 100000]
"""

import argparse

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.vec_env import VecNormalize
from torch import nn

from brigade.envs import kitchen_v0


class Planes(BaseFeaturesExtractor):
    """Two convolutions of 3 x 3 that keep the map's size, and a layer over all of it."""

    def __init__(self, space, size=64):
        super().__init__(space, size)
        channels, height, width = space.shape
        self.layers = nn.Sequential(
            nn.Conv2d(channels, 32, 3, padding=1), nn.ReLU(),
            nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(),
            nn.Flatten(), nn.Linear(32 * height * width, size), nn.ReLU(),
        )  # fmt: skip

    def forward(self, planes):
        return self.layers(planes.float() / 255)  # a plane's 1.0 is 255


parser = argparse.ArgumentParser()
parser.add_argument("--kitchen", default="cramped_room")
parser.add_argument("--steps", type=int, default=150_000)
args = parser.parse_args()
torch.set_num_threads(1)

world = {"kitchen": args.kitchen, "observation": "planes", "partners": "stay", "shaped_coefficient": 1.0}
env = VecNormalize(make_vec_env(kitchen_v0.solo_env, n_envs=8, seed=0, env_kwargs=world), norm_obs=False)
# normalize_images=False: the policy's own check of pictures is not meant for planes.
policy = {"features_extractor_class": Planes, "normalize_images": False, "net_arch": [64]}
model = PPO("CnnPolicy", env, n_steps=200, batch_size=400, n_epochs=6, learning_rate=1e-3, ent_coef=0.02, seed=0,
            policy_kwargs=policy)  # fmt: skip
plain = make_vec_env(kitchen_v0.solo_env, n_envs=8, seed=1, env_kwargs=world)  # whose rewards are as they are
before, _ = evaluate_policy(model, plain, 8, deterministic=False)
model.learn(args.steps)
after, _ = evaluate_policy(model, plain, 8, deterministic=False)
print(f"random {before:.1f}, learned {after:.1f} an episode, with shaped rewards")

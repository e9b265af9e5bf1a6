"""PPO of one's own in one file, on a batch of kitchens: one policy for both chefs, learning from all of them.

Run: python own_ppo.py [--kitchen cramped_room] [--steps 1000000]
"""

import argparse

import torch
from torch import nn

from brigade.envs import kitchen_v0
from brigade.envs.kitchen.engine.reward import Shaping, mix

KITCHENS, TICKS, EPOCHS, MINIBATCHES = 128, 100, 2, 16
GAMMA, LAMBDA, CLIP, ENTROPY, RATE, SCALE = 0.99, 0.95, 0.2, 0.03, 2.5e-3, 0.1

parser = argparse.ArgumentParser()
parser.add_argument("--kitchen", default="cramped_room")
parser.add_argument("--steps", type=int, default=1_000_000, help="environment steps: ticks of all kitchens")
args = parser.parse_args()
torch.set_num_threads(1)
torch.manual_seed(0)

env = kitchen_v0.vector_env(kitchen=args.kitchen, num_envs=KITCHENS, old_dynamics=True)
chefs, size = env.single_observation_space.shape
actor = nn.Sequential(nn.Linear(size, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 6))
critic = nn.Sequential(nn.Linear(size, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.Adam([*actor.parameters(), *critic.parameters()], lr=RATE, eps=1e-5)
shaping = Shaping(coefficient=1.0, anneal_steps=max(1, args.steps // 2))

observations = torch.zeros(TICKS, KITCHENS, chefs, size)
actions = torch.zeros(TICKS, KITCHENS, chefs, dtype=torch.int64)
logs, rewards, values, following = (torch.zeros(TICKS, KITCHENS, chefs) for _ in range(4))
over = torch.zeros(TICKS, KITCHENS, 1)
seen, returns = env.reset(seed=0)[0], []

for update in range(max(1, args.steps // (KITCHENS * TICKS))):
    with torch.no_grad():
        for t in range(TICKS):
            observations[t] = torch.from_numpy(seen)  # a copy: the environment writes over its array
            choice = torch.distributions.Categorical(logits=actor(observations[t]))
            actions[t] = choice.sample()
            logs[t], values[t] = choice.log_prob(actions[t]), critic(observations[t]).squeeze(-1)
            seen, score, _, ended, info = env.step(actions[t].numpy())
            weight = shaping.at((update * TICKS + t) * KITCHENS)
            rewards[t] = SCALE * torch.from_numpy(mix(score, info["shaped_reward"], weight))
            following[t], over[t, :, 0] = critic(torch.from_numpy(seen)).squeeze(-1), torch.from_numpy(ended)
            if ended.any():  # a truncation: what would have followed is the value of the old episode's last observation
                following[t, ended] = critic(torch.from_numpy(info["final_obs"][ended])).squeeze(-1)
                returns += info["final_info"]["score"][ended].tolist()
        advantage, ahead = torch.zeros_like(rewards), torch.zeros(KITCHENS, chefs)
        for t in reversed(range(TICKS)):
            ahead = rewards[t] + GAMMA * following[t] - values[t] + GAMMA * LAMBDA * (1 - over[t]) * ahead
            advantage[t] = ahead
    flat = [each.flatten(0, 2) for each in (observations, actions, logs, advantage, advantage + values)]
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(flat[0])).chunk(MINIBATCHES):
            obs, act, old, adv, target = (each[rows] for each in flat)
            choice = torch.distributions.Categorical(logits=actor(obs))
            ratio, adv = (choice.log_prob(act) - old).exp(), (adv - adv.mean()) / (adv.std() + 1e-8)
            gain = torch.minimum(ratio * adv, ratio.clamp(1 - CLIP, 1 + CLIP) * adv).mean()
            error = (critic(obs).squeeze(-1) - target).square().mean()
            loss = -gain + 0.25 * error - ENTROPY * choice.entropy().mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_([*actor.parameters(), *critic.parameters()], 0.5)
            optimizer.step()
    if returns and (update + 1) % 4 == 0:
        recent = returns[-KITCHENS:]
        print(f"{(update + 1) * TICKS * KITCHENS} steps, sparse return {sum(recent) / len(recent):.1f}", flush=True)

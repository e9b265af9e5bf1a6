"""PPO in one file, in the manner of CleanRL: it knows an id and Gymnasium's interface, nothing of kitchens.

Run: python single_file_ppo.py [--env-id brigade:Brigade/CrampedRoom-Shaped-v0] [--total-timesteps 100000]

The part of an id before the colon is imported, so that programs that never heard of Brigade can make its environments.
"""

import argparse

import gymnasium as gym
import numpy as np
import torch
from torch import nn
from torch.distributions import Categorical

parser = argparse.ArgumentParser()
parser.add_argument("--env-id", default="brigade:Brigade/CrampedRoom-Shaped-v0")
parser.add_argument("--total-timesteps", type=int, default=100_000)
parser.add_argument("--num-envs", type=int, default=8)
parser.add_argument("--capture-video", action="store_true", help="to videos/, of the first environment")
args = parser.parse_args()
STEPS, EPOCHS, MINIBATCHES, GAMMA, LAMBDA, CLIP = 200, 4, 4, 0.99, 0.95, 0.2
torch.manual_seed(1)
torch.set_num_threads(1)


def make_env(number):
    def thunk():
        video = args.capture_video and number == 0
        env = gym.make(args.env_id, render_mode="rgb_array" if video else None)
        if video:
            env = gym.wrappers.RecordVideo(env, "videos")
        env = gym.wrappers.RecordEpisodeStatistics(env)
        return gym.wrappers.TransformReward(env, lambda reward: reward * 0.1)

    return thunk


envs = gym.vector.SyncVectorEnv([make_env(i) for i in range(args.num_envs)], autoreset_mode="SameStep")
inputs, outputs = np.prod(envs.single_observation_space.shape), envs.single_action_space.n


def layers(out, scale):
    parts = [nn.Flatten(), nn.Linear(inputs, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, out)]
    nn.init.orthogonal_(parts[-1].weight, scale)
    return nn.Sequential(*parts)


actor, critic = layers(outputs, 0.01), layers(1, 1.0)
optimizer = torch.optim.Adam([*actor.parameters(), *critic.parameters()], lr=1e-3, eps=1e-5)
shape = (STEPS, args.num_envs)
obs = torch.zeros((*shape, *envs.single_observation_space.shape))
actions, logprobs, rewards, dones, values = (torch.zeros(shape) for _ in range(5))
seen, _ = envs.reset(seed=1)
next_obs, next_done, returns = torch.Tensor(seen), torch.zeros(args.num_envs), []

for iteration in range(args.total_timesteps // (STEPS * args.num_envs)):
    for step in range(STEPS):
        obs[step], dones[step] = next_obs, next_done
        with torch.no_grad():
            choice = Categorical(logits=actor(next_obs))
            actions[step] = choice.sample()
            logprobs[step], values[step] = choice.log_prob(actions[step]), critic(next_obs).flatten()
        seen, reward, terminated, truncated, infos = envs.step(actions[step].long().numpy())
        rewards[step] = torch.tensor(reward)
        next_obs, next_done = torch.Tensor(seen), torch.Tensor(terminated | truncated)
        if "final_info" in infos:
            returns += infos["final_info"]["episode"]["r"][infos["final_info"]["_episode"]].tolist()
    with torch.no_grad():
        advantages, last, following = torch.zeros_like(rewards), 0, critic(next_obs).flatten()
        for t in reversed(range(STEPS)):
            alive = 1.0 - (next_done if t == STEPS - 1 else dones[t + 1])
            delta = rewards[t] + GAMMA * (following if t == STEPS - 1 else values[t + 1]) * alive - values[t]
            advantages[t] = last = delta + GAMMA * LAMBDA * alive * last
    flat = [each.flatten(0, 1) for each in (obs, actions, logprobs, advantages, advantages + values)]
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(flat[0])).chunk(MINIBATCHES):
            b_obs, b_actions, b_logprobs, b_advantages, b_returns = (each[rows] for each in flat)
            choice = Categorical(logits=actor(b_obs))
            ratio = (choice.log_prob(b_actions) - b_logprobs).exp()
            b_advantages = (b_advantages - b_advantages.mean()) / (b_advantages.std() + 1e-8)
            gain = torch.min(ratio * b_advantages, ratio.clamp(1 - CLIP, 1 + CLIP) * b_advantages).mean()
            error = (critic(b_obs).flatten() - b_returns).square().mean()
            optimizer.zero_grad()
            (-gain + 0.5 * error - 0.01 * choice.entropy().mean()).backward()
            nn.utils.clip_grad_norm_([*actor.parameters(), *critic.parameters()], 0.5)
            optimizer.step()
    if returns and iteration % 10 == 9:
        print(f"{(iteration + 1) * STEPS * args.num_envs} steps, {np.mean(returns[-20:]):.1f} an episode", flush=True)
envs.close()

world = gym.make(args.env_id)
world.action_space.seed(1)


def play(policy, episodes=5):
    """What the episodes of a policy bring."""
    total = 0.0
    for episode in range(episodes):
        seen, over = world.reset(seed=1000 + episode)[0], False
        while not over:
            seen, reward, terminated, truncated, _ = world.step(policy(seen))
            total, over = total + reward, terminated or truncated
    return total / episodes


def learned(seen):
    with torch.no_grad():
        return Categorical(logits=actor(torch.Tensor(seen)[None])).sample().item()


print(f"random {play(lambda _: world.action_space.sample()):.1f}, learned {play(learned):.1f} an episode")

"""Ray RLlib by its own wrappers: its ParallelPettingZooEnv around the team, or a Gymnasium id by itself.

Run: python rllib_wrappers.py [--world team | id] [--iterations 20]
"""

import argparse
import os

os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # which spares a warning

import ray
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv
from ray.tune.registry import register_env

from brigade.envs import kitchen_v0

parser = argparse.ArgumentParser()
parser.add_argument("--world", default="team", choices=("team", "id"))
parser.add_argument("--kitchen", default="cramped_room")
parser.add_argument("--iterations", type=int, default=20)
args = parser.parse_args()
ray.init(include_dashboard=False, logging_level="ERROR", log_to_driver=False)

config = PPOConfig()
if args.world == "team":
    register_env("team", lambda given: ParallelPettingZooEnv(kitchen_v0.parallel_env(kitchen=args.kitchen, **given)))
    config = config.environment("team", env_config={"shaped_coefficient": 1.0})
    # One policy for all chefs.
    config = config.multi_agent(policies={"chef"}, policy_mapping_fn=lambda agent, episode, **_: "chef")
else:
    name = "".join(word.capitalize() for word in args.kitchen.split("_"))
    config = config.environment(f"brigade:Brigade/{name}-Shaped-v0")
config = (
    config.env_runners(num_env_runners=0, num_envs_per_env_runner=8)
    .training(train_batch_size_per_learner=3200, minibatch_size=400, num_epochs=6, lr=1e-3, entropy_coeff=0.02,
              gamma=0.99, lambda_=0.95, clip_param=0.2, use_kl_loss=False, vf_loss_coeff=0.05, grad_clip=0.5,
              vf_clip_param=1e6)
    .rl_module(model_config=DefaultModelConfig(fcnet_hiddens=[64, 64]))
    .debugging(seed=0, log_level="ERROR")
)  # fmt: skip
algorithm = config.build_algo()
returns = []
for _ in range(args.iterations):
    told = algorithm.train()["env_runners"]
    returns.append(told["episode_return_mean"])
    print(f"{told['num_env_steps_sampled_lifetime']:.0f} steps, {returns[-1]:.1f} an episode", flush=True)
algorithm.stop()
print(f"at first {returns[0]:.1f}, at last {returns[-1]:.1f} an episode")

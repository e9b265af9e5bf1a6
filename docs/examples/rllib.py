"""Multi-agent PPO with Ray RLlib: one training, or a Ray Tune sweep over learning rates.

Run: python rllib.py [--steps 200000] [--workers 2] [--out DIR] [--sweep]
"""

import argparse
from pathlib import Path

from brigade.batch.terminal import Terminal
from brigade.experiments.rl.config import TrainConfig
from brigade.experiments.rl.ray.rllib import make_ppo, train_with_rllib

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=200_000, help="environment steps")
parser.add_argument("--workers", type=int, default=2, help="processes that step kitchens")
parser.add_argument("--separate", action="store_true", help="a policy for each seat")
parser.add_argument("--out", default="results/rl/rllib_example")
parser.add_argument("--sweep", action="store_true", help="try learning rates, in place of one training")
args = parser.parse_args()

config = TrainConfig.model_validate(
    {
        "name": "rllib_example",
        "backend": "rllib",
        "kitchen": {"name": "cramped_room", "old_dynamics": True},
        "network": {"activation": "relu", "policies": "separate" if args.separate else "shared"},
        "ppo": {"learning_rate": 0.001, "minibatches": 8, "epochs": 6, "entropy": 0.03},
        "steps": args.steps,
        "kitchens": 8,
        "ticks": 400,
        "parallel": args.workers,
        "out": args.out,
    }
)
if args.sweep:
    from ray import tune

    algorithm = make_ppo(config, seed=0, kitchen=config.kitchen.load())
    algorithm.training(lr=tune.grid_search([3e-4, 1e-3, 3e-3]))
    stop = {"num_env_steps_sampled_lifetime": args.steps}
    where = tune.RunConfig(name="sweep", storage_path=str(Path(args.out).resolve()), stop=stop, verbose=0)
    results = tune.Tuner(algorithm.algo_class, param_space=algorithm, run_config=where).fit()
    for each in results:
        print(f"learning rate {each.config['lr']}: sparse return {each.metrics['env_runners']['score']:.1f}")
else:
    folder = train_with_rllib(config, seed=0, console=Terminal())
    print(f"checkpoints in {folder}; cook with it: brigade play --kitchen cramped_room --partner {folder}")

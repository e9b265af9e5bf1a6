"""How fast JaxMARL's Overcooked is on this machine, as `brigade bench` measures Brigade's kitchens: steps a second.

Needs an environment of its own: `pip install jaxmarl`, then `python jaxmarl_speed.py`. A step is one tick of one
kitchen with both chefs, episodes that end and begin included. All of it is one compiled `scan`; random actions are
drawn in it, and observations are added up, so that they are made. The median of the repeats is printed, as JSON.
"""

import argparse
import json
import statistics
import time

import jax
import jax.numpy as jnp
import jaxmarl


def measure(name: str, batch: int, seconds: float, repeats: int) -> tuple[float, list[int]]:
    """Steps a second of so many kitchens, and the shape of one chef's observation."""
    if name == "overcooked":
        from jaxmarl.environments.overcooked import overcooked_layouts

        env = jaxmarl.make(name, layout=overcooked_layouts["cramped_room"])
    else:
        env = jaxmarl.make(name, layout="cramped_room")
    keys = jax.random.split(jax.random.PRNGKey(0), batch)
    seen, state = jax.vmap(env.reset)(keys)
    shape = [int(length) for length in seen["agent_0"].shape[1:]]

    def tick(carry, key):
        state, total = carry
        keys = jax.random.split(key, batch)
        actions = jax.random.randint(key, (2, batch), 0, 6)
        seen, state, rewards, _, _ = jax.vmap(env.step)(keys, state, {"agent_0": actions[0], "agent_1": actions[1]})
        seen_sum = sum(jnp.sum(each.astype(jnp.float32)) for each in seen.values())
        return (state, total + seen_sum + jnp.sum(rewards["agent_0"])), None

    def run(state, key, ticks):
        return jax.lax.scan(tick, (state, jnp.float32(0)), jax.random.split(key, ticks))[0]

    compiled = jax.jit(run, static_argnums=2)
    ticks = 64
    while True:
        jax.block_until_ready(compiled(state, jax.random.PRNGKey(1), ticks))
        begun = time.perf_counter()
        jax.block_until_ready(compiled(state, jax.random.PRNGKey(2), ticks))
        spent = time.perf_counter() - begun
        if spent > seconds / repeats / 2 or ticks > 2**20:
            break
        ticks *= 4
    speeds = []
    for repeat in range(repeats):
        begun = time.perf_counter()
        jax.block_until_ready(compiled(state, jax.random.PRNGKey(3 + repeat), ticks))
        speeds.append(batch * ticks / (time.perf_counter() - begun))
    return statistics.median(speeds), shape


def main() -> None:
    """Print a line of JSON for each version and batch."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 64, 1024])
    parser.add_argument("--versions", nargs="+", default=["overcooked", "overcooked_v2"])
    parser.add_argument("--seconds", type=float, default=5.0, help="of the repeats of one figure together")
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    for name in given.versions:
        for batch in given.batches:
            speed, shape = measure(name, batch, given.seconds, given.repeats)
            device = jax.devices()[0]
            row = {"environment": name, "batch": batch, "steps_per_s": round(speed), "observation": shape}
            print(json.dumps(row | {"device": str(device), "jax": jax.__version__}), flush=True)


if __name__ == "__main__":
    main()

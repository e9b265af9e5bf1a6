"""What an agent works out before it acts: what it sees, what an order needs, how to get there, macro actions."""

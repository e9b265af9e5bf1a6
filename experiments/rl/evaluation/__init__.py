"""How good policies are: returns, cross-play."""

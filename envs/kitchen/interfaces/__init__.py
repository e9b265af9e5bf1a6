"""The kitchen as PettingZoo, Gymnasium and GPU environments."""

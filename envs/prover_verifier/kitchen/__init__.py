"""Claims about the future of a kitchen, decided by the engine playing a plan forward."""

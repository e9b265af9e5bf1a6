"""Futures of a kitchen, played in copies that know what one chef knows."""

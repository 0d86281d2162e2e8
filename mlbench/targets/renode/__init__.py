"""Firmware under Renode: what a run is to do, and what became of it."""

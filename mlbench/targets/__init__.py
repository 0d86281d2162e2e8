"""Where firmware runs and is watched: the emulator, Renode, a board."""

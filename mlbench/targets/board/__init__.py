"""A real board as a target: having it, talking to it, what it keeps through resets."""

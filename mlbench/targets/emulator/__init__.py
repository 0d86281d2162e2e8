"""The embedded emulator as a target: a run, its spans, its heap, its end and the verdict on it."""

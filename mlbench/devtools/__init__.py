"""Commands for those who work on mlbench: speeds, and how times move with the place of code."""

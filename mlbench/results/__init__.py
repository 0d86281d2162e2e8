"""What was measured and what changed, as values, and their files."""

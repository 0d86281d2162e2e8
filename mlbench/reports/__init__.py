"""Results and comparisons as text for people and files for other tools."""

"""What mlbench reads from GitHub's REST API and writes there."""

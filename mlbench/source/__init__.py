"""Where a model project comes from: a folder, or a git repository, with what is laid over it."""

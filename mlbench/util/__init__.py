"""Tools that know nothing of firmware: text, YAML, JSON, schemas, git, processes, progress."""

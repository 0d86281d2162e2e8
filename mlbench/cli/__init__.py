"""The command line: verbs, their options, what they print, and the start of a checkout."""

"""Renode as a place where firmware runs: its process, its XML-RPC conversation, its machine."""

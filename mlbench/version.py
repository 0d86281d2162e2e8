"""The version of mlbench: part of every result's instrument and of every key of a cache."""

__version__ = "0.2.0.dev0"

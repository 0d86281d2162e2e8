"""What makes this machine ready: the folder of ours, the environment, packages.

``cli.bootstrap`` runs before the environment exists, so these modules use the standard library alone.
"""

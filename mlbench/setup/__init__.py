"""What makes a machine ready: the environment, the tools, the folder that holds both.

``bootstrap`` runs before the environment exists, so ``home``, ``policy``, ``apt``, ``environment``,
``native`` and ``cache`` use the standard library alone.
"""

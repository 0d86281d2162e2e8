"""Serial ports of boards: finding them, having one to oneself, opening them, waiting until they come back."""

from __future__ import annotations

"""Serial ports of boards: finding them, having one to oneself, opening them, following them, uploading."""

from __future__ import annotations

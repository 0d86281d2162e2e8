"""Flash, unused RAM, initialization and inference time of TinyML sketches."""

from __future__ import annotations

__version__ = "0.1.0"

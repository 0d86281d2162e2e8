"""Sensors as firmware sees them: registers behind the pins of the chip."""

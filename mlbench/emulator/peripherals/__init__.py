"""Peripherals of the nRF52840: each a table of registers, events and tasks."""

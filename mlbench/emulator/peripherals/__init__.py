"""Peripherals of chips: each a table of registers, events and tasks."""

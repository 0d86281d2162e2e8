"""Emulated chips: CPU, memory, peripherals, time."""

"""An emulated nRF52840: CPU, memory, peripherals, time."""

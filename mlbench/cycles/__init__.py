"""The cycle model: what each block of instructions costs on the chip."""

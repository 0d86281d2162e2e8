"""A real board held against the emulator: uploads, records, watchdog, RAM, times, and single costs."""

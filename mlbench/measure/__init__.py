"""The four measures of one firmware on one target."""

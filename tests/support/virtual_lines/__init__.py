"""Where pyserial looks for lines whose URLs begin with ``virtual://``."""

"""Reading firmware: the image, its functions by name, its debug information."""

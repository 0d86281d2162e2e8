"""Values and contracts that every stage shares: the built image, running firmware."""

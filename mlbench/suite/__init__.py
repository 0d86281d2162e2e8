"""What is to be measured: suites, the sketches they list, and which of them are meant."""

"""From the jobs of a suite to results: what a run puts together, and firmware bundles."""

"""Many searches: run them side by side, compare, report."""

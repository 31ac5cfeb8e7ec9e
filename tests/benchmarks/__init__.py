"""What the site can do in a second: `python -m tests.benchmarks`. Figures are printed, never asserted."""

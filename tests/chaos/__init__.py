"""Faults, tried for real: `python -m tests.chaos` (docs/faults.md)."""

"""Side by side with other packages: `python -m benchmarks` says all of it."""

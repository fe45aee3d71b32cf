"""Side-by-side measurements; each file runs alone (python -m benchmarks.NAME) and prints one table."""

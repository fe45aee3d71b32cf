"""Training: one loop for every colorizer, resumable to the same result, reproducible on the same machine and threads."""

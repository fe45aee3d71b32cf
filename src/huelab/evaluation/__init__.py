"""Evaluation: what colorizers predict for the test split, how well, how surely, and the leaderboard and report that say so."""

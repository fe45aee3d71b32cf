"""Colours photographs at full resolution: each keeps its own lightness, a trained colorizer gives the chroma."""

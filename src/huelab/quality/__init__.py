"""Whether the photographs are fit to learn from: Great Expectations over the photograph table, and what it found as JSON and HTML."""

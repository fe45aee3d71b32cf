"""What runs: one thin file per DVC stage, and the flows that orchestrate them."""

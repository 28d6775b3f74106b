"""What the simulated project holds, and what happens in it over time."""

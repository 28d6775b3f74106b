"""The HTTP server over the simulated API: tokens, rate limit, faults."""

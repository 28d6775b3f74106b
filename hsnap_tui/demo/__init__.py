"""A simulated Hetzner Cloud: a model on a clock it is given, and a real HTTP server over it."""

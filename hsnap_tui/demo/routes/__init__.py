"""The simulated API: from a request to an answer."""

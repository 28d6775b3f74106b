"""The rate limit: when a request may be sent."""

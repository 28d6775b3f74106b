"""Token, contexts and environment as typed settings."""

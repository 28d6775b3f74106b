"""Speaks Hetzner: the only package that imports the SDK."""

"""Terminals, pipes and signals. Nothing here ever blocks the event loop because a reader is slow."""

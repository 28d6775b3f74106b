"""Terminals, pipes and signals: nothing in here ever waits for who reads."""

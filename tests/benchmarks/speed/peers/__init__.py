"""Programs that stand for what others do with the same work."""

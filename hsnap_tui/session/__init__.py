"""One project wired together, and the interface that screens see."""

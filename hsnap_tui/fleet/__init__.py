"""What the project looks like now: servers, running actions, and the locks that follow from them."""

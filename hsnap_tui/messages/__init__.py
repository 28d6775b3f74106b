"""Events and outcomes in words: the only place that words them."""

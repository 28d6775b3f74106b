"""Clock, formatting and cleaning of text."""

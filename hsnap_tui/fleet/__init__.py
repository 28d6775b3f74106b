"""The present state of the project: servers, running actions, and the locks that follow from them; and its polls."""

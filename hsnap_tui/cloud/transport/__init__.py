"""How a request travels: the official SDK, worker threads, connections. Only this package imports the SDK."""

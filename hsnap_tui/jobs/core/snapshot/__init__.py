"""The job that makes a snapshot of a server, from choice to end."""

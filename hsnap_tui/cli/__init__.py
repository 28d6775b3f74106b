"""The command line: options, what they start, the console in a terminal, signals, the demo's process."""

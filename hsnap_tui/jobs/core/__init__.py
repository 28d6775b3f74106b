"""The pure state machine of jobs: no I/O, no clock."""

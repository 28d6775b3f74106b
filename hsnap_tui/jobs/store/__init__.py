"""What outlives the process: journal, leader lock, project identity."""

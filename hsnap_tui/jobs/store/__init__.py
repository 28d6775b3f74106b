"""What is kept on disk: journal, leader lock, heartbeat, project identity."""

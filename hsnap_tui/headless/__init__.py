"""The commands without a screen, for cron, pipes and scripts."""

"""The same jobs without a screen: for cron, pipes and scripts."""

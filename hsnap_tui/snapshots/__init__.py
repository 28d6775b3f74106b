"""Description templates and labels of snapshots (pure)."""

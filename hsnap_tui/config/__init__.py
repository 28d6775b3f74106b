"""Token, contexts, endpoint and time-outs as typed settings; TOML files read with typed errors."""

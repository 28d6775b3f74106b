"""Work under way: the job state machine, the engine that runs it and the journal that survives it."""

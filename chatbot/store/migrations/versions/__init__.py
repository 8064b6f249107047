"""One file a step, in order; a released step is never changed."""

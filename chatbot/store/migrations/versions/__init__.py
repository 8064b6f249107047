"""One file a step, in order, the older ones in folders; a released step is never changed."""

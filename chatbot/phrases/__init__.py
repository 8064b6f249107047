"""What a sentence without a command means: words of each language, and the few meanings that they can have together."""

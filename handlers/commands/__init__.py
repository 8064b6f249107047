"""A file a command: read the words, call one use case, show a view."""

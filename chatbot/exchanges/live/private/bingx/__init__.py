"""BingX: how it is asked (``calls``), what it tells of orders and money (``speech``) and of the past (``history``), how it refuses."""

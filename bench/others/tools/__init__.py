"""One script a tool: ``python <tool>.py PRICES [--sweep]`` prints what it came to as JSON."""

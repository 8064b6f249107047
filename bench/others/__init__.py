"""The same rule in other tools and in ours, each in an environment of its own."""

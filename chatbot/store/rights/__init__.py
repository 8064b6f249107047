"""Rights that a process has for as long as its session with PostgreSQL lives; who is killed loses them by itself."""

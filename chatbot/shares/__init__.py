"""Who does the work for whom: people are divided into shares, and every process owns some of them, or the one process all."""

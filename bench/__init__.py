"""Benchmarks: what the program costs on this machine, measured in one run. `make bench` prints them."""

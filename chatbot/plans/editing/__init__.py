"""Legs that a person leaves out of a plan, and what that leaves of the others."""

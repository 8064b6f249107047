"""Consents to real money after they were given; ``ending`` ends them without their people."""

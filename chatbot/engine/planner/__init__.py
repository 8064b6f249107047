"""From holdings and targets to one block of orders and transfers, in exact decimals (domain 9); the door is plan.py."""

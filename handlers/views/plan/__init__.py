"""Words about a plan: its card, reasons, legs, costs, progress, panic, real money, and past ones."""

"""Words about a plan: its card, reasons, legs, costs, progress, and past ones."""

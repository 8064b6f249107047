"""Words about hedges: what is offered, their card, alerts, and the table of shocks."""

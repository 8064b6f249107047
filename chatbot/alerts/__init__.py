"""What rings: the only place that writes alerts, and the hours in which they wait."""

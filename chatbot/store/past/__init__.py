"""What is remembered of the past of markets."""

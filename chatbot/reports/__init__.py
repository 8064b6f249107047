"""What the chat reads and nobody acts on: status, exposure, reviews, and reports for the tax."""

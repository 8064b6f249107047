"""What a portfolio is and how it stands now; the door is evaluator.py, which turns an account and prices into an Evaluation."""

"""What an operator needs: how every part stands, and a word to everybody."""

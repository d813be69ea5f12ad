"""What operators decide, and what follows from it at once."""

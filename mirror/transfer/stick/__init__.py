"""What a stick carries beside firmware: a server that needs nothing but Python."""

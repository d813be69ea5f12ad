"""What runs inside the environments of the clients, beside them; no part of this project's own."""

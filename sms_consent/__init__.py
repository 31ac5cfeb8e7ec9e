"""What people agreed to, on text and email, and telling Braze about it."""

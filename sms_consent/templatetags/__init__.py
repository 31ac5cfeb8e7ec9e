"""What templates need to show consent."""

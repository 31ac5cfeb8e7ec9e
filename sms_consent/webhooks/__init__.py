"""What Braze and Twilio send: authenticated, parsed, handed on. Nothing in here decides about consent."""

"""Other ways to take a sign-up, to measure the site's own against."""

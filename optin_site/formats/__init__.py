"""Where Django's own formats of dates lack one that our pages use."""

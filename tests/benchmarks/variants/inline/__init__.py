"""An app whose `post_save` posts to Braze inside the web request."""

"""The site: settings, URLs and start-up. Owns no models and imports no app."""

"""The site for apps: the same forms, limits and services as its pages, as JSON (docs/api.md)."""

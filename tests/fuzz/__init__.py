"""Requests that nobody foresaw, at every address of the site: `make fuzz`, and a short form in the suite."""

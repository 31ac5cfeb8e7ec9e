"""Nothing: the site's own has what was served go to stderr, and here it is counted from a file."""

"""The site's records as a file, where there is no link at all."""

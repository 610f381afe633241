"""Is the site ready for a busy evening, and for the hours without a link or without us?"""

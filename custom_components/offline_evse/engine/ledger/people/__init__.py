"""Whose it is: pseudonyms, what is sealed beside them, what credentials are good for and have had."""

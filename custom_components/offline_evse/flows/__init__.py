"""What is asked of whoever sets the site up."""

"""What keeps a site safe without anybody's command: caps, stops, tests, and a look at what would be without us."""

"""The grid's word at the site: what is stated, what is made of it, and the proof that it was kept."""

"""The orchestra: joins the rooms of the engine along the ways that data travels. It conducts, it does not compute."""

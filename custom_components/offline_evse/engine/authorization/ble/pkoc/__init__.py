"""The reader's side of PKOC, PSIA's open protocol for keys on phones."""

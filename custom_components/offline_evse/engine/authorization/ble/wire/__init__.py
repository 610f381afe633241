"""What goes over the air: identifiers, frames and messages."""

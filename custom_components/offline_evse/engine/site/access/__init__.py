"""Who gets in, what they may have, and how it ends: cards, passes, evidence, backends, vehicles."""

"""Every figure that stands on a card, recomputed from entries and rows by a question of its own ("Prove it")."""

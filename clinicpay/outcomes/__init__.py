"""The page of a treatment: its clinical and its financial result side by side (S0.11)."""

"""What needs attention: gaps between treatments and money, each with its one action (S0.4)."""

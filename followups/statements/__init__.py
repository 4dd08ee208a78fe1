"""What a statement of account says, and its paper."""

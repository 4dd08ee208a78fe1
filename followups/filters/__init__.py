"""What narrows the lists of follow-ups down."""

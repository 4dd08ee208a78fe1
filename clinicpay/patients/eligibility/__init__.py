"""What payers say about patients' insurance: entered by hand or read from a file, kept, and withdrawn."""

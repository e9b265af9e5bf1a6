"""What a person sees of a kitchen: drawings and text."""

"""What a folder of games shows, as text and as a page."""

"""What a folder of episodes shows, as text and as a page."""

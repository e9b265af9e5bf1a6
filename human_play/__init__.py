"""People in the kitchen: the game window, studies, replay."""

"""The window: the application, widgets, theme, keys and pads."""

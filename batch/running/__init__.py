"""Jobs on the cores of this machine or through Ray, and how far they are."""

"""Claims about plans in the kitchen, scripted, learned and spoken while both cook."""

"""Games in words: topics, dialogues, players."""

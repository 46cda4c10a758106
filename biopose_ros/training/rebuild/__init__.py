"""From an empty clone to every shipped file: the steps, and which of them are current."""

"""What a person who looks at movement wants to know of recorded angles."""

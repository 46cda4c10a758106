"""Motion of the body for synthetic truth: recordings, samplers and everyday activities."""

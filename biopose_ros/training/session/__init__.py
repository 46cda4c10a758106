"""A training of limited time on a borrowed machine that has torch, numba and OpenCV alone."""

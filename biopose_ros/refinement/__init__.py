"""2D-informed refinement: bring a recovered body onto the 2D keypoints, image by image."""

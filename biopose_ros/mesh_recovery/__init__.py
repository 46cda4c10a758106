"""MQ-HMR: the mesh of each person from the detector's feature maps."""

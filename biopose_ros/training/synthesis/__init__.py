"""Synthetic training images with exact truth, made on the CPU while training runs."""

"""Readers of sensor messages by their fields alone: those of rclpy and those of a bag."""

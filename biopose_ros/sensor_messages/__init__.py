"""What cameras publish, read by shape alone: messages of rclpy and of a bag reader alike."""

"""What has not arrived yet."""

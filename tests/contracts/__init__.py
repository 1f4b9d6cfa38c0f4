"""What services say to each other, checked on both ends against what is published."""

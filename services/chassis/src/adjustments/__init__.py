"""What is set or corrected in Python and in libraries, for every process of a service."""

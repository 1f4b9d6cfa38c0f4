"""What customers and contacts are in every service: whoever has a name, and ways to be reached.

Tables, addresses and rules of a service's own stay with it: it puts these columns on its base, and adds to them.
"""

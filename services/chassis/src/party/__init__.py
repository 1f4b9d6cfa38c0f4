"""The shared part of customers, contacts and employees: names, and ways to reach them.

Tables, addresses and rules of a service stay in it: it puts these columns on its base, and adds its own.
"""

"""Mending of links and deliveries that cannot go on by themselves."""

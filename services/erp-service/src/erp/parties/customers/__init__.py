"""Customers: the companies and persons we deal with, and the legal entities they deal by."""

"""The pure heart of the hub: policies, merge, and a simulation of the whole protocol over them."""

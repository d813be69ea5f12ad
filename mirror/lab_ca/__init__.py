"""A certificate authority for one room, which can vouch for nothing but the hosts asked for."""

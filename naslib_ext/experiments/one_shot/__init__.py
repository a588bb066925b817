"""One-shot methods on one supernet, and supernets of shrunk spaces."""

"""How good and how diverse shrunk search spaces are."""

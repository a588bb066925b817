"""The door to NASLib. Nothing else in the package mentions it."""

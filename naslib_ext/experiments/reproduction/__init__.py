"""The papers' tables, with the papers' values and ours side by side."""

"""ANASOD on networks that are really trained, without a table."""

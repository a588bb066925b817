"""Contract suites for third parties: subclass one, name what you built, inherit its tests. Needs pytest, hypothesis."""

"""What is measured: one module a topic, each with a function ``measure(meter)``."""

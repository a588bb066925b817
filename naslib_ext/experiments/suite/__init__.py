"""Many methods on many benchmarks, ranked."""

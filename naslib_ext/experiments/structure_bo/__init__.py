"""Studies of structure_bo: ablations, limits, two objectives, transfer."""

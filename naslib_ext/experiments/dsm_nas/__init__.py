"""Studies of DSM-NAS: ablations, transfer, the mobile space, speed."""

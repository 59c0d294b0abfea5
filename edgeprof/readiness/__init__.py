"""Whether a measured set-up is ready for a use: a service level, its conditions, and the evidence for each."""

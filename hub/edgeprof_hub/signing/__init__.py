"""The hub's own key, and what it signs."""

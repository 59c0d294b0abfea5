"""Set-ups as rows: figures over a set-up's runs with interval, badge or failure, for a terminal and for programs."""

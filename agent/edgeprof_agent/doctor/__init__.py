"""What this machine can and cannot measure, and the command that mends each thing. Looks only; changes nothing."""

"""What a model would need here, from the runtimes' own dry runs. Each runs in a child process, never in the agent's."""

"""Times of single operators by the runtimes' own profilers, each in a child process, next to runs without one."""

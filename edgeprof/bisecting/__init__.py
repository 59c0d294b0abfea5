"""The first of many builds that is worse: which build to try next, what a comparison shows, where builds come from."""

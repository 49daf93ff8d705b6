"""HTTP: the apps' counts, and the dead man's switch."""

"""Pure functions from frame to frame: nothing here reads a file or draws."""

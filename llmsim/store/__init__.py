"""Where cursors and scripts are kept, shared by every worker."""

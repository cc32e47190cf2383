"""One run on the screen: its worker session, its log follower, and its state."""

"""What lives in Redis: coordination and the account's budget."""

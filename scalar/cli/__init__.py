"""The commands: parse, call one query or one use case, print."""

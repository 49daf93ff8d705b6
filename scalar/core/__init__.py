"""The pure core: values and decisions, without a clock, I/O or third parties."""

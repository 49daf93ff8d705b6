"""What the benchmarks of the whole system share: a fleet, servers, a deployment."""

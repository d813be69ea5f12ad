"""Traces: where time goes in a run and in requests, given to a collector of OpenTelemetry."""

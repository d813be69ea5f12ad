"""Tests of the first set-up."""

"""Fault drills: what must hold when something breaks, shown on servers that are thrown away afterwards."""

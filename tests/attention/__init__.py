"""Tests of what needs attention, and of the treatment's page."""

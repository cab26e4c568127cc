"""The course of situations that the stand-in plays to an integration, and the playing of it."""

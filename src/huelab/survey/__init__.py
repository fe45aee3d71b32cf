"""The survey: blind "real or fake?" votes. Runs without torch, so that a survey server needs no training machine."""

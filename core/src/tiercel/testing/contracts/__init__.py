"""What every back end of a kind must do, as test suites that its author subclasses."""

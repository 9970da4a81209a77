"""The one loop: events in, `reduce`, one transaction, commands out."""

"""What a signed-in technician's phone asks for beside sync."""

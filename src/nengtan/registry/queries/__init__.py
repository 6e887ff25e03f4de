"""What pages, API and commands read of the register."""

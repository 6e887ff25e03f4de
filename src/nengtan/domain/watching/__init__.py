"""What is usual, what is not, and when somebody is to be told."""

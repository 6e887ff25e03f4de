"""What devices show where: register maps as data, and how to read them in few requests."""

"""Carbon books (碳核算): inventories, claims and what follows from them."""

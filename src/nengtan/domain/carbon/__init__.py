"""Carbon books: two inventories of one set of facts (`inventory`), claims held against published factors (`claims`)."""

"""Reading the ledger: accounts and the lineage of any figure in them."""

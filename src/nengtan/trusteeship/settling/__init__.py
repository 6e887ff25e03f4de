"""Settlement of contracts as people meet it: files in, words, records, workbooks and documents out."""

"""What a rule can look for in a call: one file for each family of operators."""

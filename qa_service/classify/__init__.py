"""What a model makes of each turn: signals of abuse, pressure, care and the customer's wishes."""

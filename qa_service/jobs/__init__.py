"""Work on kept calls: take them in, inspect them, index them."""

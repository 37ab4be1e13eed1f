"""The checks behind ``qa rules check``: one file for each thing that can be wrong."""

"""A real Elasticsearch node from the official jars, for development and tests where no container engine is."""

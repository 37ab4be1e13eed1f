"""The web service: an HTTP API for programs and server-rendered pages for people."""

"""qa_service: self-hosted speech-analytics quality inspection for collections calls."""

__version__ = "0.1.0"

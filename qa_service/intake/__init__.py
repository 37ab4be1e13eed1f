"""Accept recordings, facts, manifests and given transcripts; keep the audio."""

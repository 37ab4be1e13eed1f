"""Who speaks when on one channel: local turns by pyannote segmentation 3.0, voices by CAM++, two clusters."""

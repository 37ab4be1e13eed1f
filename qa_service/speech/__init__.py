"""From sound to words: two Whisper engines behind one protocol, turn by turn, with coverage measured."""

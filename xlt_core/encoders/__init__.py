"""Pre-trained encoders behind one interface: packed tokens in, packed hidden states out."""

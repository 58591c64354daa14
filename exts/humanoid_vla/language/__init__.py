"""Instructions: phrasings of goals, the sentence encoder, and the embeddings that policies read."""

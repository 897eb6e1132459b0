"""The conformance suite: dialogues of `spec/transcripts`, and what plays them against any server."""

"""The contract between terminals and insurers: messages, envelopes, answers, problems, and their exact bytes.

Rules: what is written here, in `README.md`, `openapi.yaml` and `schemas/` is normative; nothing here reads a clock, a
file or the network, and nothing imports more than msgspec. Changing a byte of it means a new version beside this one.
"""

"""Builds the SD card's image: locked packages, the application, a verified read-only root, two slots.

Rules: only the standard library, so that a bare Debian 12 or 13 can run it; every program that shapes the result runs
in a folder of Debian 13 tools that is locked too, so the host's versions do not matter; no clock, no host name and no
order of a folder's listing gets into the result. `python3 -m image.builder --help` lists the steps.
"""

"""Device secrets that do not leave with the disk: a TPM, a PKCS#11 token, the Raspberry Pi's firmware.

Rules: each provider is one module and is found through the entry point group `comptoir.device_secret`, so that a
machine loads only the one it uses. Beside the keys a provider keeps one small file in the home, of which a thief learns
nothing: a sealed blob, or a random salt. Nothing secret is in a command line, an environment variable or a file.
"""

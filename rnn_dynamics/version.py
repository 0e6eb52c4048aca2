"""The library's version, where a checkout that nobody has installed finds it too."""

VERSION = "0.1.0"

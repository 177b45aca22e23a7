"""Bytes: receiving, keeping, listing, showing and handing out the files of candidates."""

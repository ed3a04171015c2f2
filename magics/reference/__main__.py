"""Writes the reference pages anew."""

from magics.reference import write

write()

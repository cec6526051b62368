"""Recordings written in another format: what is carried, and what is lost on the way.

Whatever is written is read back at once by the adapter that will read it, and compared with what was read from the source: what is not
the same is lost, and counted. No list says by hand what a format cannot hold.
"""

"""naslib_ext: NAS methods that NASLib lacks, as codes in and values out, inside NASLib and without it."""

from naslib_ext.naslib_bridge import shims

__version__ = "0.1.0"

shims.install()

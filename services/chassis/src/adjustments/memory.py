"""glibc's allocator, set for a process that handles large messages beside small ones for days."""

import ctypes

TRIM_THRESHOLD, MMAP_THRESHOLD, ARENAS = -1, -3, -8
KEPT_BYTES = 1024 * 1024
APART_BYTES = 256 * 1024
MOST_ARENAS = 2


def return_memory() -> None:
    """Give freed memory back to the system. Call at the start of a process; other C libraries have no such settings.

    By default the allocator raises the size from which a block is mapped by itself, up to 32 MiB, with each such block
    that is freed. Fetched messages and bodies of requests then lie between small objects and keep their pages in use.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(MMAP_THRESHOLD, APART_BYTES)
        set_option(TRIM_THRESHOLD, KEPT_BYTES)
        set_option(ARENAS, MOST_ARENAS)

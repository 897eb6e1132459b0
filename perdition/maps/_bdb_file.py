"""A Berkeley DB file, whichever table it has."""

from perdition.maps._bdb_btree import BTREE_MAGIC, Btree
from perdition.maps._bdb_hash import HASH_MAGIC, HashTable
from perdition.maps._bdb_pages import Pages
from perdition.maps._octets import Octets


def read_bdb(octets: Octets) -> HashTable | Btree:
    """Look at a file.

    Raises:
        FormatError: it is none of Berkeley DB's, or not complete.
    """
    pages = Pages(octets, (HASH_MAGIC, BTREE_MAGIC))
    return HashTable(pages) if pages.meta.magic == HASH_MAGIC else Btree(pages)

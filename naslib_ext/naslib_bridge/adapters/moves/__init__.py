"""How NASLib draws, mutates and lists the neighbours of architectures, space by space, with its own random calls."""

from naslib_ext.naslib_bridge.adapters.moves.base import OWN_MOVES, Moves, Spec, draw_identities
from naslib_ext.naslib_bridge.adapters.moves.four_node_cell import four_node_cell_moves
from naslib_ext.naslib_bridge.adapters.moves.nasbench101 import NASBENCH101_MOVES
from naslib_ext.naslib_bridge.adapters.moves.nasbench301 import NASBENCH301_MOVES
from naslib_ext.naslib_bridge.adapters.moves.transbench101_macro import TRANSBENCH101_MACRO_MOVES

__all__ = ["MOVES", "OWN_MOVES", "Moves", "Spec", "draw_identities"]

MOVES = {
    "nasbench101": NASBENCH101_MOVES,
    "nasbench201": four_node_cell_moves(
        5, encoder="naslib.search_spaces.nasbench201.encodings:encode_201", draws_to_build=17
    ),
    "nasbench301": NASBENCH301_MOVES,
    "transbench101_micro": four_node_cell_moves(
        4, encoder="naslib.search_spaces.transbench101.encodings:encode_tb101", draws_to_build=1
    ),
    "transbench101_macro": TRANSBENCH101_MACRO_MOVES,
}
"""Spaces on which a light object draws the very architectures that NASLib's graph draws from the same seeds."""

"""TransNAS-Bench-101 macro. NASLib's own mutation fails; it is mended, and this is what the mended one does."""

from naslib_ext.naslib_bridge import transbench101_macro
from naslib_ext.naslib_bridge.adapters.moves.base import Moves

TRANSBENCH101_MACRO_MOVES = Moves(
    sample=lambda _: transbench101_macro.sample(),
    mutate=lambda _, spec: transbench101_macro.mutated(spec),
    neighbors=lambda _, spec: transbench101_macro.neighbors(spec),
    encoder="naslib.search_spaces.transbench101.encodings:encode_tb101",
    draws_to_build=1,
)

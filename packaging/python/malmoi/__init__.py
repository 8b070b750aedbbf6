"""Summaries and translations of news between English and Korean, offline and checked.

A thin module over the program ``malmoi``: each call runs it and reads its JSON lines.
"""

from ._batch import Batch, Item, Part, Progress
from ._calls import check, summarize, translate
from ._program import Error, find_program, version
from ._results import Finding, Result, Tokens

__all__ = [
    "Batch",
    "Error",
    "Finding",
    "Item",
    "Part",
    "Progress",
    "Result",
    "Tokens",
    "check",
    "find_program",
    "summarize",
    "translate",
    "version",
]

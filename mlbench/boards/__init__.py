"""Boards: data and its reader."""

from __future__ import annotations

from mlbench.boards.board import Board
from mlbench.boards.catalog import board_for, default_board, load_boards

__all__ = ["Board", "board_for", "default_board", "load_boards"]

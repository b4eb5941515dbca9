"""What a request gets: the one room that consumes a turn."""

from llmsim.playback.playback import Playback, Taken, taken

__all__ = ["Playback", "Taken", "taken"]

"""What a request gets: the one room that consumes a turn."""

from llmsim.playback.playback import Playback
from llmsim.playback.taken import Taken
from llmsim.playback.tracks import chooser_of

__all__ = ["Playback", "Taken", "chooser_of"]

"""How the bytes of an answer leave: when, and in which state.

It knows no provider and no socket.
"""

from llmsim.delivery.delivery import AT_ONCE, Delivery, delivery_of
from llmsim.delivery.hold import Hold
from llmsim.delivery.leaving import Leaving, Write

__all__ = ["AT_ONCE", "Delivery", "Hold", "Leaving", "Write", "delivery_of"]

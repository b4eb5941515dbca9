"""How the bytes of an answer leave: when, and in which state.

It knows no provider and no socket.
"""

from llmsim.delivery.delivery import AT_ONCE, Delivery, delivery_of

__all__ = ["AT_ONCE", "Delivery", "delivery_of"]

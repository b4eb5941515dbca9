"""How answers leave."""

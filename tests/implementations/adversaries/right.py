"""Does nothing but its duty: the neighbour of the others."""

from echo import serve

serve()

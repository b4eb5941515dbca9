"""The live page at `/llmsim/`: a shell without data, and the modules that fill it in the browser.

They read and write by the control API, as any other client does.
"""

from llmsim.page.blueprint import blueprint

__all__ = ["blueprint"]

"""The same without pytest: a server for a class of unittest."""

from __future__ import annotations

import os
import unittest
from typing import ClassVar
from unittest.mock import patch

import llmsim
from llmsim.testing import Serving
from tests.examples.agent import support


class SupportTest(unittest.TestCase):
    """A server for all tests of the class, and a session for each."""

    sim: ClassVar[Serving]

    @classmethod
    def setUpClass(cls) -> None:
        cls.sim = cls.enterClassContext(llmsim.serve(workers=1))

    def setUp(self) -> None:
        self.session = self.sim.session()
        self.enterContext(patch.dict(os.environ, self.session.environment))

    def test_it_says_what_the_model_says(self) -> None:
        self.session.script([llmsim.Assistant("Hello!")])
        assert support("Hi") == "Hello!"
        self.session.assert_passed()

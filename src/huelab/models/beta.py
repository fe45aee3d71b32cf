"""beta"""
from huelab.params import LearnedParams


class Params(LearnedParams):
    """beta"""

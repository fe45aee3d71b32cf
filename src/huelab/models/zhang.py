"""zhang"""
from huelab.params import LearnedParams


class Params(LearnedParams):
    """zhang"""

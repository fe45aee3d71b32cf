"""alpha"""
from huelab.params import LearnedParams


class Params(LearnedParams):
    """alpha"""

"""plain"""
from huelab.params import LearnedParams


class Params(LearnedParams):
    """plain"""

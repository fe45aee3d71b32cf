"""pix2pix"""
from huelab.params import LearnedParams


class Params(LearnedParams):
    """pix2pix"""

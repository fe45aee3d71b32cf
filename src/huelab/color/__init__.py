"""Colour science: sRGB and CIE L*a*b* (D65), the sRGB gamut, and the ab bins of Zhang et al."""

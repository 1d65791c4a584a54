"""Publication tables of the analyses, in Chinese and English."""

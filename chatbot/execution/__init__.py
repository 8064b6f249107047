"""Plans becoming orders, safely."""

"""The site with a sign-up that inserts one row and does nothing else."""

from tests.benchmarks.settings import *  # noqa: F403

ROOT_URLCONF = "tests.benchmarks.variants.bare"

"""What holds for all tests: a busy machine makes no property false."""

from hypothesis import HealthCheck, settings

# On top of what Hypothesis chose by itself: under CI=true, the same examples every time.
settings.register_profile(
    "project", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("project")

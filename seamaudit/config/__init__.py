"""What a run was asked to do: settings, and the file a project keeps them in."""

from seamaudit.config.settings import Settings, check_caps, check_suites

__all__ = ["Settings", "check_caps", "check_suites"]

"""Who asks: a workspace has one user, who may do everything."""

from __future__ import annotations

from typing import Final

USER: Final = "awsuser"
USER_ID: Final = 100

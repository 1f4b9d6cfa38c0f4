"""What the ERP reads from the environment beside what every service reads."""

from chassis.settings import Settings as Common


class Settings(Common):
    """The port of `make run`, unless another is set."""

    port: int = 8002

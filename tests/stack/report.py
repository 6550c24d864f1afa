"""What was asked and what came of it."""


class Report:
    """Prints a line for each thing that does not hold, and counts all."""

    def __init__(self):
        self.held = 0
        self.failed = 0

    def equal(self, what: str, found, wanted):
        """Holds if `found` is `wanted`."""
        self.that(what, found == wanted, f"wanted {short(wanted)}, found {short(found)}")

    def that(self, what: str, holds: bool, otherwise: str = ""):
        """Holds if `holds`."""
        self.held += holds
        self.failed += not holds
        if not holds:
            print(f"   FAILED {what}: {otherwise}", flush=True)

    def close(self):
        print(f"   {self.held} held, {self.failed} failed", flush=True)
        return self


def short(value) -> str:
    """As much of a value as fits a line."""
    text = repr(value)
    return text if len(text) < 200 else f"{text[:197]}..."

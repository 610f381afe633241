"""What an installer or a test may change about the central system."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CsmsSettings:
    """Times in s, sizes in bytes. The defaults suit chargers seen in the field."""

    heartbeat_interval_s: int = 30
    """Longest interval given to a station: some firmware drops a socket that was idle for 110 s."""
    sample_interval_s: int = 10
    """How often a station is asked to report its meter during a transaction."""
    aligned_interval_s: int = 900
    """Clock-aligned meter values, which also carry the site while nobody listens."""
    station_ping_interval_s: int = 30
    """WebSocket ping interval that stations are asked to use themselves."""
    ping_interval_s: float = 15.0
    """Silence after which we ping."""
    ping_timeout_s: float = 20.0
    """Further silence after which a station is taken for dead."""
    silence_limit_s: float = 90.0
    """Silence after which a station that is known to ignore pings is taken for dead; three heartbeats, because such
    firmware may also ignore the interval it was given."""
    call_timeout_s: float = 30.0
    close_timeout_s: float = 3.0
    """How long a closing handshake may take before the socket is cut."""
    finish_timeout_s: float = 5.0
    """How long messages that have arrived may still be worked on after their socket has gone."""
    max_frame_bytes: int = 1 << 20
    max_backlog: int = 256
    """Requests of one station that may wait for their turn before no more is read from it."""
    max_strangers: int = 16
    boot_wait_s: float = 4.0
    """How long a new connection is given to introduce itself; afterwards it is served all the same."""
    status_wait_s: float = 2.0
    """How long a station is given to tell its status unasked."""
    introduction_timeout_s: float = 120.0
    """How long a station that dialled in without a name may take to tell its serial number."""
    probe_timeout_s: float = 10.0
    """Time-out of each call made during onboarding."""
    ready_timeout_s: float = 90.0
    """How long the site may take to send its limits before onboarding goes on without it."""

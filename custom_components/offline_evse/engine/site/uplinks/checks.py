"""Which backends can be together at a site."""

from collections import Counter

from ...model.failure import UpstreamError
from ...model.upstream.config import UpstreamConfig, UpstreamRole


def check_upstreams(configs: tuple[UpstreamConfig, ...]) -> None:
    """Raise UpstreamError where backends cannot be together.

    Codes: `same_upstream` (upstream), `same_charger` (upstream, charger), `same_identity` (upstream, identity),
    `two_authorities` (charger, upstream, other).
    """
    answering: dict[str, UpstreamConfig] = {}
    ids = Counter(config.upstream_id for config in configs)
    for config in configs:
        if ids[config.upstream_id] > 1:
            raise UpstreamError(
                "same_upstream", f"{config.upstream_id} is there more than once", upstream=config.upstream_id
            )
        _check_lines(config)
        if config.role is not UpstreamRole.AUTHORITY:
            continue
        for line in config.lines:
            if (other := answering.get(line.station_id)) is not None:
                raise UpstreamError(
                    "two_authorities",
                    f"{other.name} and {config.name} would both answer for the cards at {line.station_id}",
                    charger=line.station_id,
                    upstream=config.name,
                    other=other.name,
                )
            answering[line.station_id] = config


def _check_lines(config: UpstreamConfig) -> None:
    chargers = Counter(line.station_id for line in config.lines)
    identities = Counter(line.identity for line in config.lines)
    for station_id, count in chargers.items():
        if count > 1:
            raise UpstreamError(
                "same_charger",
                f"{config.name} would hear of {station_id} more than once",
                upstream=config.name,
                charger=station_id,
            )
    for identity, count in identities.items():
        if count > 1:
            raise UpstreamError(
                "same_identity",
                f"two chargers would be {identity} at {config.name}",
                upstream=config.name,
                identity=identity,
            )

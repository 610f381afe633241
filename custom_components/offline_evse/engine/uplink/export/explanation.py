"""What a bundle tells its reader in words. The file format in full is in docs/export-format.md."""

FORMAT = 1
"""Version of the format of a bundle."""

README = """\
Records of the charging site {site_name}
made at {made_at}

This archive was written by Offline EVSE for somebody who cannot be reached over a network. Nothing in it has to be
executed. It holds:

  sessions.csv   charging sessions, one a line, for people and spreadsheets. Energies are in kWh, registers in Wh,
                 times in UTC. The column "flags" names what to know before a session is paid for:
                   running         it had not ended when this was written
                   offline         it was recorded by the charger while it was out of sight, and told later
                   time_suspect    the charger's clock was wrong; the times are ours
                   end_estimated   the charger never told its end; it is where it was last heard of
                   no_transaction  the charger named no session of ours; the energy is real
                 {names}
  entries.jsonl  the ledger of the site, entries {first_seq} to {last_seq}, one a line, byte for byte as it is kept.
                 People are in it by pseudonyms only.
  manifest.json  what the files are, and their SHA-256.

An archive may be taken in more than once, and archives may overlap: an entry is one by site, epoch and seq together.
A gap between two archives means that one is missing; everything can be exported again at any time.

The archive is not signed. "checkpoint" and "proof" in the manifest are reserved for that and are null: the hashes
show that a copy is whole, not who made it.
"""

_NAMES = "The names of card holders are in it, because that was asked for: handle it accordingly."
_NO_NAMES = 'Card holders are in it by a pseudonym ("holder") only.'


def readme(*, site_name: str, made_at: str, first_seq: int, last_seq: int, names: bool) -> str:
    """Write README.txt."""
    return README.format(
        site_name=site_name,
        made_at=made_at,
        first_seq=first_seq,
        last_seq=last_seq,
        names=_NAMES if names else _NO_NAMES,
    )

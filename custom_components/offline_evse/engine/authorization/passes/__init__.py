"""Guest passes: their codes, and how often somebody may try one."""

# Home Assistant 2026.10 answers `import voluptuous` with probatio; the type checker is told the same.
from probatio import *

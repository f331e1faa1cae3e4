"""The variables of the environment that say where the private keys of logs are; loads no cryptography."""

from typing import Final

FOLDER_VARIABLE: Final = "TIMEBANK_LOG_KEYS"
KEY_VARIABLE: Final = "TIMEBANK_LOG_KEY_"

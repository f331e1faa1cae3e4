"""The client: timebank's service from Python, typed, over httpx. Install `timebank[client]`.

`Client` and `AsyncClient` have one attribute for each noun of the service, and on it one method for each
verb. Answers are frozen and hashable; refusals are the errors of `timebank.errors`, by their code. This
package knows the service's description and those errors, and nothing else of timebank.
"""

from timebank.client.asking import AsyncClient, Client
from timebank.client.refusals import Refused, ServiceRefused, ServiceUnreachable

__all__ = ["AsyncClient", "Client", "Refused", "ServiceRefused", "ServiceUnreachable"]

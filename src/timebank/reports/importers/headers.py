"""Headers: the titles that columns have in other systems and other languages.

Titles are compared without case, accents and spacing (`plain`). The TimeOverflow titles and sentences
are those of its own translations; the generic titles are what coordinators write.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

TIMEOVERFLOW_TRANSFERS: Final = (
    ("Date", "From", "To", "Post", "Quantity"),
    ("Date", "Depuis", "Vers", "Annonce", "Quantité"),
    ("Fecha", "Origen", "Destino", "Anuncio", "Cantidad"),
    ("Data", "Origen", "Destí", "Anunci", "Quantitat"),
    ("Data", "Origem", "Destino", "Anúncio", "Quantidade"),
    ("Data", "De", "Para", "Publicar", "Cantidade"),
    ("Data", "Jatorria", "Helmuga, erabilera", "Iragarkia", "Kantitatea"),
    ("日付", "から", "へ", "投稿", "数量"),
)
"""The transfers report in en, fr, es, ca, pt-BR, gl, eu and ja; always these five columns in this order."""

LEFT_SENTENCES: Final = {
    "The user isn't active": "inactive",
    "The user no longer exists": "deleted",
    "L'utilisateur·rice n'est pas actif·ive": "inactive",
    "Cet·te utilisateur·rice n'existe plus": "deleted",
    "El usuario no está activo": "inactive",
    "El usuario ya no existe": "deleted",
    "L'usuari no està actiu": "inactive",
    "L'usuari ja no existeix": "deleted",
    "O usuário não está ativo": "inactive",
    "O usuário não existe mais": "deleted",
    "A persoa usuaria non está activa": "inactive",
    "A persoa usuaria xa non existe": "deleted",
    "Erabiltzailea ez dago erabilgarri": "inactive",
    "Erabiltzaile hau jada ez dago.": "deleted",
    "ユーザーはアクティブではありません": "inactive",
    "ユーザーは存在しません": "deleted",
}
"""What TimeOverflow writes for somebody who left, and which of the two ways out it means."""

KOMUNITIN_TRANSFERS: Final = (
    "id",
    "created",
    "state",
    "amount",
    "description",
    "payer.code",
    "payee.code",
)
"""Columns of the transfers export that are read; it has more."""
KOMUNITIN_ACCOUNTS: Final = ("id", "code", "status", "balance")
"""Columns of the accounts export that are read; it has more."""

MINUTES_TITLES: Final = (
    "minutes",
    "min",
    "minutos",
    "durée (minutes)",
    "duración (minutos)",
    "duration (minutes)",
)
HOURS_TITLES: Final = ("hours", "heures", "horas", "durée (heures)", "duración (horas)", "duration (hours)")
DURATION_TITLES: Final = (
    "duration",
    "durée",
    "duración",
    "quantity",
    "quantité",
    "cantidad",
    "time",
    "temps",
    "tiempo",
)

EXCHANGE_TITLES: Final[dict[str, tuple[str, ...]]] = {
    "date": ("date", "day", "jour", "fecha", "día", "when", "quand"),
    "provider": (
        "provider",
        "helper",
        "giver",
        "aidant",
        "aidante",
        "aidant·e",
        "prestataire",
        "donneur",
        "qui aide",
        "proveedor",
        "proveedora",
        "prestador",
        "quien ayuda",
    ),
    "provider_name": ("provider name", "helper name", "nom de l'aidant", "nombre del proveedor"),
    "recipient": (
        "recipient",
        "receiver",
        "helped",
        "bénéficiaire",
        "receveur",
        "aidé",
        "qui est aidé",
        "receptor",
        "receptora",
        "beneficiario",
        "beneficiaria",
        "destinatario",
    ),
    "recipient_name": ("recipient name", "nom du bénéficiaire", "nombre del receptor"),
    "minutes": MINUTES_TITLES,
    "hours": HOURS_TITLES,
    "duration": DURATION_TITLES,
    "description": (
        "description",
        "what",
        "title",
        "note",
        "libellé",
        "intitulé",
        "objet",
        "descripción",
        "concepto",
        "asunto",
    ),
    "kind": ("kind", "category", "type", "catégorie", "genre", "tipo", "categoría"),
    "id": ("id", "identifier", "reference", "identifiant", "référence", "identificador", "referencia"),
}
"""Titles recognised in any CSV file of exchanges, by field."""

MEMBER_TITLES: Final[dict[str, tuple[str, ...]]] = {
    "key": (
        "number",
        "member number",
        "member",
        "no",
        "n",
        "n°",
        "code",
        "key",
        "id",
        "numéro",
        "numéro de membre",
        "numéro d'adhérent",
        "membre",
        "adhérent",
        "número",
        "número de socio",
        "socio",
        "miembro",
        "código",
    ),
    "name": (
        "name",
        "full name",
        "nom",
        "nom complet",
        "nom et prénom",
        "prénom et nom",
        "nombre",
        "nombre completo",
        "nombre y apellidos",
    ),
    "email": (
        "email",
        "e-mail",
        "mail",
        "courriel",
        "adresse mail",
        "adresse e-mail",
        "correo",
        "correo electrónico",
    ),
    "phone": ("phone", "telephone", "mobile", "téléphone", "tél", "tél.", "portable", "teléfono", "móvil"),
    "joined": (
        "joined",
        "joined on",
        "member since",
        "since",
        "adhésion",
        "date d'adhésion",
        "membre depuis",
        "inscription",
        "date d'inscription",
        "alta",
        "fecha de alta",
        "socio desde",
    ),
    "second_phone": ("alternative phone", "second phone", "autre téléphone", "otro teléfono"),
    "language": ("language", "langue", "idioma"),
}
"""Titles recognised in any CSV file of members, by field."""

ACCOUNT_TITLES: Final[dict[str, tuple[str, ...]]] = {
    "member": MEMBER_TITLES["key"],
    "minutes": (*MINUTES_TITLES, "balance (minutes)", "solde (minutes)", "saldo (minutos)"),
    "hours": (*HOURS_TITLES, "balance (hours)", "solde (heures)", "saldo (horas)"),
    "duration": (
        *DURATION_TITLES,
        "balance",
        "opening balance",
        "solde",
        "solde initial",
        "saldo",
        "saldo inicial",
    ),
}
"""Titles recognised in any CSV file of balances, by field."""

APOSTROPHES: Final = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "°": "o", "_": " "})
# Only a file without a header has these where titles are expected.
DATA: Final = re.compile(r"@|^[\d\s.,:/+-]*\d[\d\s.,:/+-]*$|\d{4}-\d\d-\d\d|\d{1,2}/\d{1,2}/\d{4}|\(\d+\)$")


def plain(text: str) -> str:
    """Return `text` as titles are compared: without case, accents, apostrophe styles, spacing, end marks."""
    decomposed = unicodedata.normalize("NFKD", text.translate(APOSTROPHES))
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(bare.casefold().split()).strip(" :.*")


def is_timeoverflow_transfers(header: Iterable[str]) -> bool:
    """Tell whether the header is that of a TimeOverflow transfers report, in any of its languages."""
    return tuple(map(plain, header)) in PLAIN_TRANSFERS


def has_columns(header: Iterable[str], wanted: Iterable[str]) -> bool:
    """Tell whether every wanted title is in the header."""
    return set(map(plain, wanted)) <= set(map(plain, header))


def is_data(header: Iterable[str]) -> bool:
    """Tell whether a first line holds values instead of titles: then it may hold names as well."""
    return any(DATA.search(title) is not None for title in header)


PLAIN_TRANSFERS: Final = frozenset(tuple(map(plain, titles)) for titles in TIMEOVERFLOW_TRANSFERS)
PLAIN_LEFT: Final = {plain(sentence): way for sentence, way in LEFT_SENTENCES.items()}

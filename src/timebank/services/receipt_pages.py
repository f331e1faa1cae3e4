"""A receipt on paper: what was recorded, the checkpoint and the key as a QR code, and how to check it.

The page proves nothing by itself: it carries what somebody needs to check the file, now or in thirty years,
without trusting this computer. Its fonts are inside the file, so that French and Japanese print everywhere.
Loads `fpdf2` and `segno` (extra `receipts`) only when a page is made.
"""

import hashlib
import io
import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any, Final

from timebank.errors import ServiceMissing
from timebank.minutes import format_minutes

if TYPE_CHECKING:
    from fpdf import FPDF
    from fpdf.enums import WrapMode

FONT: Final = "NotoSansJP-Regular"
MARGIN_MM: Final = 18
TEXT_MM: Final = 210 - 2 * MARGIN_MM
QR_MM: Final = 46
INK: Final = (20, 20, 20)
FAINT: Final = (110, 110, 110)
PAPER: Final = (243, 246, 250)
UNBROKEN_MOST: Final = 60
TITLE: Final = "Receipt · Reçu · 受領証"
WHAT: Final = "What was recorded · Ce qui est inscrit · 記録の内容"
LOG: Final = "The signed checkpoint · Le point de contrôle signé · 署名済みチェックポイント"
HOW: Final = "How to check it · Comment vérifier · 確認のしかた"
STEPS: Final = (
    """\
Keep the file that came with this page. Ask the branch for its key in another way (its web site, its office)
and compare the fingerprint with the one above. Then type the command: it needs neither the bank's computers
nor the network. Keep this page, too: a later receipt must agree with it.""",
    """\
Gardez le fichier remis avec cette page. Demandez la clé à l’antenne par une autre voie (site, bureau) et
comparez son empreinte avec celle ci-dessus. Puis tapez la commande\u00a0: ni serveur ni réseau ne sont
nécessaires. Gardez aussi cette page\u00a0: un reçu ultérieur doit concorder avec ce point de contrôle.""",
    """\
このページと一緒に受け取ったファイルを保管してください。支部の鍵は別の方法（ウェブサイトや窓口）で入手し、
上の指紋と比べてください。次のコマンドで確認できます。サーバーもネットワークも要りません。
このページも保管してください。後の受領証は、このチェックポイントと一致しなければなりません。""",
)
LIMIT: Final = """\
A receipt shows that the entry stands in the signed books as it is printed here. It cannot show that the help
was truly given. · Le reçu ne prouve pas que l’aide a bien eu lieu. ·
援助が実際に行われたことまでは証明しません。"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A checkpoint of the receipt, as its page shows it."""

    note: str
    vkey: str

    @property
    def origin(self) -> str:
        """The name of the log."""
        return self.note.split("\n", 1)[0]

    @property
    def fingerprint(self) -> str:
        """The first 16 bytes of SHA-256 of the public key, in groups for the eye."""
        return fingerprint_of(self.vkey)

    @property
    def code(self) -> str:
        """What the QR code says: the signed note, and the fingerprint of the key."""
        return f"{self.note}\nkey {self.fingerprint.replace(' ', '')}\n"


def fingerprint_of(vkey: str) -> str:
    """Return what people compare of a public key `NAME+KEYID+BASE64`.

    It is the first 16 bytes of SHA-256 over the 32 bytes of the key, in eight groups of hexadecimal digits.
    """
    public = b64decode(vkey.split("+", 2)[2])[1:]
    digits = hashlib.sha256(public).hexdigest()[:32]
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def page_of(
    receipt: bytes, *, name: str = "receipt.json", names: Mapping[tuple[str, str], str] | None = None
) -> bytes:
    """Return a receipt's page as PDF.

    Args:
        receipt: a receipt that verifies; this module does not look again.
        name: of the file that the page belongs to.
        names: who the members are, by branch and reference; nobody is named unless the caller wishes it.

    Raises:
        ServiceMissing: the extra `receipts` is not installed.
    """
    try:
        from fpdf import FPDF  # noqa: PLC0415 - loads an image library
    except ModuleNotFoundError as missing:
        raise ServiceMissing(extra="receipts") from missing

    envelope = json.loads(receipt)
    pdf = FPDF(format="A4")
    pdf.set_creation_date(_latest(envelope))
    pdf.set_title(TITLE)
    pdf.set_lang("en")
    pdf.set_margin(MARGIN_MM)
    pdf.set_auto_page_break(auto=True, margin=MARGIN_MM)
    with as_file(files("timebank.services") / "fonts" / f"{FONT}.ttf") as font:
        pdf.add_font(FONT, fname=font)
    pdf.add_page()
    _heading(pdf, envelope)
    for part in envelope["parts"]:
        _entry(pdf, part["entry"].splitlines(), names or {})
    _section(pdf, LOG)
    for signed in _checkpoints(envelope):
        _checkpoint(pdf, signed)
    _instructions(pdf, envelope, name)
    return bytes(pdf.output())


def _latest(envelope: dict[str, Any]) -> datetime:
    """Return when the last entry was recorded: the same receipt makes the same page on every day."""
    return max(_instant(part["entry"].splitlines()[4].split()[1]) for part in envelope["parts"])


def _instant(micros: str) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(micros))


def _checkpoints(envelope: dict[str, Any]) -> Iterator[Signed]:
    """Yield each different checkpoint of the parts once, with the key that its log signed it by."""
    notes = dict.fromkeys(part["proof"].split("\n\n", 1)[1] for part in envelope["parts"])
    for note in notes:
        _, name, signature = note.split("\n\n", 1)[1].splitlines()[0].split(" ")
        key_id = b64decode(signature)[:4].hex()
        (vkey,) = (key for key in envelope["keys"] if key.startswith(f"{name}+{key_id}+"))
        yield Signed(note=note, vkey=vkey)


def _write(
    pdf: "FPDF", text: str, *, size: float = 9, colour: tuple[int, int, int] = INK, after: float = 1
) -> None:
    """Write a paragraph over the whole width."""
    pdf.set_font(FONT, size=size)
    pdf.set_text_color(*colour)
    pdf.multi_cell(TEXT_MM, size * 0.5, text, new_x="LMARGIN", new_y="NEXT", align="L", wrapmode=_wrap(text))
    pdf.ln(after)


def _wrap(text: str = "", *, is_anywhere: bool = False) -> "WrapMode":
    """Break where the script allows it: anywhere in Japanese and in keys, between words otherwise."""
    from fpdf.enums import WrapMode  # noqa: PLC0415 - as above

    longest = max(map(len, text.split()), default=0)
    return WrapMode.CHAR if is_anywhere or longest > UNBROKEN_MOST else WrapMode.WORD


def _heading(pdf: "FPDF", envelope: dict[str, Any]) -> None:
    _write(pdf, TITLE, size=20, after=1)
    first = envelope["parts"][0]["entry"].splitlines()
    branches = dict.fromkeys(part["entry"].splitlines()[1].split()[0] for part in envelope["parts"])
    count = len(envelope["parts"])
    what = "1 entry" if count == 1 else f"{count} entries"
    facts = f"{what} of {' and '.join(branches)}, recorded from {_moment(first[4].split()[1])} UTC"
    _write(pdf, f"timebank: {facts}", size=9, colour=FAINT, after=2)
    _section(pdf, WHAT)


def _moment(micros: str) -> str:
    return f"{_instant(micros):%Y-%m-%d %H:%M}"


def _section(pdf: "FPDF", title: str) -> None:
    pdf.ln(2)
    pdf.set_draw_color(*FAINT)
    pdf.line(MARGIN_MM, pdf.get_y(), MARGIN_MM + TEXT_MM, pdf.get_y())
    pdf.ln(2)
    _write(pdf, title, size=11, after=1)


def _entry(pdf: "FPDF", lines: list[str], names: Mapping[tuple[str, str], str]) -> None:
    """Write one entry: what it is, when, by whom, and its postings as a small table."""
    branch, seq = lines[1].split()
    kind, cause, ref, _ = lines[2].split()
    postings = [line.split() for line in lines[9:] if not line.startswith("details ")]
    if pdf.will_page_break(9 + 5 * len(postings)):
        pdf.add_page()
    _write(pdf, f"Entry {int(seq):,} of {branch}: {kind}, for {cause} {ref}", size=10, after=0)
    at, recorded, actor = lines[3].split()[2], _moment(lines[4].split()[1]), lines[6].split()[1]
    when = f"effective {at}, recorded {recorded} UTC by {actor}"
    _write(pdf, when, size=8, colour=FAINT, after=0.5)
    pdf.set_text_color(*INK)
    pdf.set_fill_color(*PAPER)
    for side, amount, unit, path, _, _ in postings:
        owner = names.get((branch, path.split(":")[1])) if path.startswith("member:") else None
        account = f"{path}  ({owner})" if owner else path
        row = ((18, side), (TEXT_MM - 46, _cut(pdf, account, TEXT_MM - 48)), (28, _amount(int(amount), unit)))
        pdf.set_font(FONT, size=9)
        for (width, text), align in zip(row, "LLR", strict=True):
            pdf.cell(width, 5, text, fill=True, align=align, new_x="RIGHT", new_y="TOP")
        pdf.ln(5.4)
    pdf.ln(1.5)


def _cut(pdf: "FPDF", text: str, width: float) -> str:
    """Return as much of a text as fits into a cell."""
    pdf.set_font(FONT, size=9)
    if pdf.get_string_width(text) <= width:
        return text
    while pdf.get_string_width(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"


def _amount(amount: int, unit: str) -> str:
    if unit in {"min", "svc"}:
        return format_minutes(amount)
    return f"{amount // 100}.{amount % 100:02d} {unit}"


def _checkpoint(pdf: "FPDF", signed: Signed) -> None:
    """Write one checkpoint, its QR code beside it."""
    if pdf.will_page_break(QR_MM + 4):
        pdf.add_page()
    top = pdf.get_y()
    pdf.image(_qr(signed.code), x=MARGIN_MM + TEXT_MM - QR_MM, y=top, w=QR_MM, h=QR_MM)
    lines = signed.note.split("\n\n", 1)[0].splitlines()
    facts = (("log", lines[0]), ("entries", f"{int(lines[1]):,}"), ("root", lines[2]), ("key", signed.vkey))
    for title, value in (
        *facts,
        ("fingerprint of the key · empreinte de la clé · 鍵の指紋", signed.fingerprint),
    ):
        for text, size, colour in ((title, 7, FAINT), (value, 8.5, INK)):
            pdf.set_font(FONT, size=size)
            pdf.set_text_color(*colour)
            pdf.multi_cell(
                TEXT_MM - QR_MM - 6,
                size * 0.48,
                text,
                new_x="LMARGIN",
                new_y="NEXT",
                align="L",
                wrapmode=_wrap(is_anywhere=True),
            )
        pdf.ln(0.8)
    pdf.set_y(max(pdf.get_y(), top + QR_MM) + 2)


def _qr(text: str) -> io.BytesIO:
    """Draw a QR code as a small black and white picture, the quiet zone included."""
    import segno  # noqa: PLC0415 - only for a page

    picture = io.BytesIO()
    segno.make(text, error="m", micro=False).save(picture, kind="png", scale=6, border=4)
    picture.seek(0)
    return picture


def _instructions(pdf: "FPDF", envelope: dict[str, Any], name: str) -> None:
    """Say how to check the file, in three languages and as a command."""
    if pdf.will_page_break(70):
        pdf.add_page()
    _section(pdf, HOW)
    for step in STEPS:
        _write(pdf, step.replace("\n", "" if "。" in step else " "), size=8.5, after=1.2)
    keys = " ".join("--key KEY" for _ in _checkpoints(envelope))
    _write(pdf, f"pip install timebank\ntimebank verify {name} {keys}", size=9, after=1.5)
    _write(pdf, LIMIT.replace("\n", " "), size=7.5, colour=FAINT, after=0)

"""The languages of the real tasks: codes, names, family, script and how much of CC-100 each has. Light.

XTREME-R's 50 and those of the other tasks at hand. The embedded world's languages are not among them.
"""

import re
from typing import Literal, NamedTuple

from xlt_core.errors import UnknownNameError

CC100_SOURCE = "arXiv 1911.02116, appendix A, table 6"
"""Where the sizes in CC-100, on which XLM-R was trained, are from."""

ResourceBand = Literal["absent", "very low", "low", "mid", "high"]

_BANDS: tuple[tuple[float, ResourceBand], ...] = ((1.0, "very low"), (5.0, "low"), (20.0, "mid"))
"""GiB of CC-100 that a band ends below. The cuts are ours: there is no agreed definition of a low-resource language."""

_TAG = re.compile(r"(?P<language>[a-z]{2,3})(-[a-z]{4})?(-([a-z]{2}|[0-9]{3}))?", re.IGNORECASE)
"""BCP-47 as data sets use it: a language, perhaps a script, perhaps a region."""


class Language(NamedTuple):
    """What is known of one language."""

    code: str
    """Canonical: ISO 639-1 where there is one, else ISO 639-3 (639-5 for `nah` and `oto`, which are groups)."""
    iso3: str
    """ISO 639-3, the macrolanguage's where there is one."""
    name: str
    family: str
    """Top-level family as Glottolog names it; for a creole that of its lexifier."""
    script: str
    """ISO 15924, of the data usually tested on."""
    cc100_gib: float | None
    """Size in XLM-R's training corpus (`CC100_SOURCE`); None where the language is not in it.

    Of Chinese the simplified part (16.6 GiB are traditional), of Burmese the part in Unicode (1.6 GiB are in Zawgyi);
    what is romanised (0.3 to 0.5 GiB each of Bengali, Hindi, Tamil, Telugu, Urdu) is not counted.
    """
    aliases: tuple[str, ...] = ()
    """Other codes in use: bibliographic, of the largest member of a macrolanguage, withdrawn."""
    other_names: tuple[str, ...] = ()
    """Other English names that data sets use."""

    @property
    def resource_band(self) -> ResourceBand:
        """How much of CC-100 there is: absent, very low (< 1 GiB), low (< 5), mid (< 20), high. The cuts are ours."""
        size = self.cc100_gib
        if size is None:
            return "absent"
        return next((band for end, band in _BANDS if size < end), "high")

    @property
    def in_xlmr(self) -> bool:
        """Whether XLM-R was pre-trained on it."""
        return self.cc100_gib is not None

    def own_name(self) -> str:
        """What its speakers call it, as Unicode's CLDR has it; where that has nothing, an English name."""
        from langcodes import Language as Tag

        return Tag.get(self.code).autonym()


# fmt: off
_ROWS = (
    Language("af", "afr", "Afrikaans", "Indo-European", "Latn", 1.3),
    Language("am", "amh", "Amharic", "Afro-Asiatic", "Ethi", 0.8),
    Language("ar", "ara", "Arabic", "Afro-Asiatic", "Arab", 28.0, ("arb",)),
    Language("ay", "aym", "Aymara", "Aymaran", "Latn", None, ("ayr",)),
    Language("az", "aze", "Azerbaijani", "Turkic", "Latn", 6.5, ("azj",)),
    Language("bg", "bul", "Bulgarian", "Indo-European", "Cyrl", 57.5),
    Language("bm", "bam", "Bambara", "Mande", "Latn", None),
    Language("bn", "ben", "Bengali", "Indo-European", "Beng", 8.4),
    Language("cs", "ces", "Czech", "Indo-European", "Latn", 16.3, ("cze",)),
    Language("de", "deu", "German", "Indo-European", "Latn", 66.6, ("ger",)),
    Language("ee", "ewe", "Ewe", "Atlantic-Congo", "Latn", None),
    Language("el", "ell", "Greek", "Indo-European", "Grek", 46.9, ("gre",)),
    Language("en", "eng", "English", "Indo-European", "Latn", 300.8),
    Language("es", "spa", "Spanish", "Indo-European", "Latn", 53.3),
    Language("et", "est", "Estonian", "Uralic", "Latn", 6.1, ("ekk",)),
    Language("eu", "eus", "Basque", "Basque (isolate)", "Latn", 2.0, ("baq",)),
    Language("fa", "fas", "Persian", "Indo-European", "Arab", 111.6, ("per", "pes"), ("Farsi",)),
    Language("fi", "fin", "Finnish", "Uralic", "Latn", 54.3),
    Language("fr", "fra", "French", "Indo-European", "Latn", 56.8, ("fre",)),
    Language("gn", "grn", "Guarani", "Tupian", "Latn", None, ("gug",)),
    Language("gu", "guj", "Gujarati", "Indo-European", "Gujr", 1.9),
    Language("ha", "hau", "Hausa", "Afro-Asiatic", "Latn", 0.3),
    Language("he", "heb", "Hebrew", "Afro-Asiatic", "Hebr", 31.6, ("iw",)),
    Language("hi", "hin", "Hindi", "Indo-European", "Deva", 20.2),
    Language("ht", "hat", "Haitian Creole", "Indo-European", "Latn", None),
    Language("hu", "hun", "Hungarian", "Uralic", "Latn", 58.4),
    Language("id", "ind", "Indonesian", "Austronesian", "Latn", 148.3, ("in",)),
    Language("ig", "ibo", "Igbo", "Atlantic-Congo", "Latn", None),
    Language("it", "ita", "Italian", "Indo-European", "Latn", 30.2),
    Language("ja", "jpn", "Japanese", "Japonic", "Jpan", 69.3),
    Language("jv", "jav", "Javanese", "Austronesian", "Latn", 0.2, ("jw",)),
    Language("ka", "kat", "Georgian", "Kartvelian", "Geor", 9.1, ("geo",)),
    Language("kk", "kaz", "Kazakh", "Turkic", "Cyrl", 6.4),
    Language("ko", "kor", "Korean", "Koreanic", "Kore", 54.2),
    Language("lg", "lug", "Ganda", "Atlantic-Congo", "Latn", None, (), ("Luganda",)),
    Language("lt", "lit", "Lithuanian", "Indo-European", "Latn", 13.7),
    Language("lv", "lav", "Latvian", "Indo-European", "Latn", 8.8, ("lvs",)),
    Language("ml", "mal", "Malayalam", "Dravidian", "Mlym", 7.6),
    Language("mr", "mar", "Marathi", "Indo-European", "Deva", 2.8),
    Language("ms", "msa", "Malay", "Austronesian", "Latn", 8.5, ("may", "zsm")),
    Language("my", "mya", "Burmese", "Sino-Tibetan", "Mymr", 0.4, ("bur",)),
    Language("nl", "nld", "Dutch", "Indo-European", "Latn", 29.3, ("dut",)),
    Language("ny", "nya", "Nyanja", "Atlantic-Congo", "Latn", None, (), ("Chichewa", "Chewa")),
    Language("pa", "pan", "Punjabi", "Indo-European", "Guru", 0.8),
    Language("pl", "pol", "Polish", "Indo-European", "Latn", 44.6),
    Language("pt", "por", "Portuguese", "Indo-European", "Latn", 49.1),
    Language("qu", "que", "Quechua", "Quechuan", "Latn", None),
    Language("ro", "ron", "Romanian", "Indo-European", "Latn", 61.4, ("rum",)),
    Language("ru", "rus", "Russian", "Indo-European", "Cyrl", 278.0),
    Language("rw", "kin", "Kinyarwanda", "Atlantic-Congo", "Latn", None),
    Language("sk", "slk", "Slovak", "Indo-European", "Latn", 23.2, ("slo",)),
    Language("sn", "sna", "Shona", "Atlantic-Congo", "Latn", None, (), ("chiShona",)),
    Language("su", "sun", "Sundanese", "Austronesian", "Latn", 0.1),
    Language("sv", "swe", "Swedish", "Indo-European", "Latn", 12.1),
    Language("sw", "swa", "Swahili", "Atlantic-Congo", "Latn", 1.6, ("swh",), ("Kiswahili",)),
    Language("ta", "tam", "Tamil", "Dravidian", "Taml", 12.2),
    Language("te", "tel", "Telugu", "Dravidian", "Telu", 4.7),
    Language("th", "tha", "Thai", "Tai-Kadai", "Thai", 71.7),
    Language("tl", "tgl", "Tagalog", "Austronesian", "Latn", 3.1, ("fil",), ("Filipino",)),
    Language("tn", "tsn", "Tswana", "Atlantic-Congo", "Latn", None, (), ("Setswana",)),
    Language("tr", "tur", "Turkish", "Turkic", "Latn", 20.9),
    Language("tt", "tat", "Tatar", "Turkic", "Cyrl", None),
    Language("tw", "twi", "Twi", "Atlantic-Congo", "Latn", None),
    Language("uk", "ukr", "Ukrainian", "Indo-European", "Cyrl", 84.6),
    Language("ur", "urd", "Urdu", "Indo-European", "Arab", 5.7),
    Language("uz", "uzb", "Uzbek", "Turkic", "Latn", 0.7, ("uzn",)),
    Language("vi", "vie", "Vietnamese", "Austroasiatic", "Latn", 137.3),
    Language("wo", "wol", "Wolof", "Atlantic-Congo", "Latn", None),
    Language("xh", "xho", "Xhosa", "Atlantic-Congo", "Latn", 0.1, (), ("isiXhosa",)),
    Language("yo", "yor", "Yoruba", "Atlantic-Congo", "Latn", None),
    Language("zh", "zho", "Chinese", "Sino-Tibetan", "Hans", 46.9, ("chi", "cmn"), ("Mandarin",)),
    Language("zu", "zul", "Zulu", "Atlantic-Congo", "Latn", None, (), ("isiZulu",)),
    Language("ace", "ace", "Acehnese", "Austronesian", "Latn", None),
    Language("ban", "ban", "Balinese", "Austronesian", "Latn", None),
    Language("bbc", "bbc", "Toba Batak", "Austronesian", "Latn", None),
    Language("bbj", "bbj", "Ghomala", "Atlantic-Congo", "Latn", None, (), ("Ghomálá'",)),
    Language("bjn", "bjn", "Banjarese", "Austronesian", "Latn", None, (), ("Banjar",)),
    Language("bug", "bug", "Buginese", "Austronesian", "Latn", None),
    Language("bzd", "bzd", "Bribri", "Chibchan", "Latn", None),
    Language("cni", "cni", "Ashaninka", "Arawakan", "Latn", None, (), ("Asháninka",)),
    Language("fon", "fon", "Fon", "Atlantic-Congo", "Latn", None),
    Language("hch", "hch", "Wixarika", "Uto-Aztecan", "Latn", None, (), ("Wixárika", "Huichol")),
    Language("luo", "luo", "Luo", "Nilotic", "Latn", None, (), ("Dholuo",)),
    Language("mad", "mad", "Madurese", "Austronesian", "Latn", None),
    Language("min", "min", "Minangkabau", "Austronesian", "Latn", None),
    Language("mos", "mos", "Mossi", "Atlantic-Congo", "Latn", None, (), ("Mooré",)),
    Language("nah", "nah", "Nahuatl", "Uto-Aztecan", "Latn", None),
    Language("nij", "nij", "Ngaju", "Austronesian", "Latn", None),
    Language("oto", "oto", "Otomi", "Otomanguean", "Latn", None, (), ("Otomí", "Hñähñu")),
    Language("pcm", "pcm", "Nigerian Pidgin", "Indo-European", "Latn", None, (), ("Naija", "Nigerian-Pidgin")),
    Language("quy", "quy", "Ayacucho Quechua", "Quechuan", "Latn", None),
    Language("shp", "shp", "Shipibo-Konibo", "Pano-Tacanan", "Latn", None, (), ("Shipibo",)),
    Language("tar", "tar", "Raramuri", "Uto-Aztecan", "Latn", None, (), ("Rarámuri", "Tarahumara")),
)
# fmt: on

LANGUAGES: dict[str, Language] = {row.code: row for row in _ROWS}
_CODE_OF = {known: row.code for row in _ROWS for known in (row.code, row.iso3, *row.aliases)}


def _plain_name(name: str) -> str:
    return name.replace("_", " ").replace("-", " ").casefold()


_CODE_OF_NAME = {_plain_name(name): row.code for row in _ROWS for name in (row.name, *row.other_names)}


def canonical_language(given: str) -> str:
    """Give the one code we use for a language.

    Args:
        given: a code of two or three letters, perhaps with script and region, which are ignored: `zh`, `cmn`,
            `zh-Hans`, `pt_BR`, `eng_Latn`; or an English name: `toba_batak`, `Swahili`.

    Raises:
        UnknownNameError: not in the table; names the nearest.
    """
    tag = _TAG.fullmatch(given.replace("_", "-"))
    name = _plain_name(given)
    if tag:
        # `Fon` and `Twi` are names that look like codes.
        code = tag["language"].lower()
        found = _CODE_OF.get(code) or _CODE_OF_NAME.get(name) or _modern_code(code)
    else:
        found = _CODE_OF_NAME.get(name) or _find_name(name)
    if found is None:
        raise UnknownNameError("language", given, LANGUAGES if tag else [row.name for row in _ROWS])
    return found


def _modern_code(code: str) -> str | None:
    """The code of a language that the table has under another one: withdrawn (`mo`), or one of several standards'.

    A member of a macrolanguage is not taken for the whole of it, as Cantonese (`yue`) would be for Chinese, nor a
    variety for its language, as Dari (`prs`, to CLDR the Persian of Afghanistan): those that data sets do use for the
    whole are aliases in the table.
    """
    from langcodes import Language as Tag
    from langcodes.tag_parser import LanguageTagError

    try:
        modern = Tag.get(code).to_tag()
    except LanguageTagError:
        return None
    return _CODE_OF.get(modern)


def _find_name(name: str) -> str | None:
    """The code of a language that is called so in English, if the table has it."""
    from langcodes import Language as Tag

    if not name.isprintable():  # its table of names has control characters of its own
        return None
    try:
        return _CODE_OF.get(Tag.find(name, "en").language or "")
    except LookupError:
        return None

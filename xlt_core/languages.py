"""The languages of the real tasks: codes, names, family, script and how much of CC-100 each has. Light.

XTREME-R's 50 and those of the other tasks at hand. The embedded world's languages are not among them.
"""

from typing import NamedTuple

from xlt_core.errors import UnknownNameError


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
    """Size in XLM-R's training corpus (arXiv 1911.02116, table 6); None where the language is not in it."""
    aliases: tuple[str, ...] = ()
    """Other codes in use: bibliographic, of the largest member of a macrolanguage, withdrawn."""


# fmt: off
_ROWS = (
    Language("af", "afr", "Afrikaans", "Indo-European", "Latn", 1.3),
    Language("ar", "ara", "Arabic", "Afro-Asiatic", "Arab", 28.0, ("arb",)),
    Language("ay", "aym", "Aymara", "Aymaran", "Latn", None, ("ayr",)),
    Language("az", "aze", "Azerbaijani", "Turkic", "Latn", 6.5, ("azj",)),
    Language("bg", "bul", "Bulgarian", "Indo-European", "Cyrl", 57.5),
    Language("bm", "bam", "Bambara", "Mande", "Latn", None),
    Language("bn", "ben", "Bengali", "Indo-European", "Beng", 8.4),
    Language("cs", "ces", "Czech", "Indo-European", "Latn", 16.3, ("cze",)),
    Language("de", "deu", "German", "Indo-European", "Latn", 66.6, ("ger",)),
    Language("el", "ell", "Greek", "Indo-European", "Grek", 46.9, ("gre",)),
    Language("en", "eng", "English", "Indo-European", "Latn", 300.8),
    Language("es", "spa", "Spanish", "Indo-European", "Latn", 53.3),
    Language("et", "est", "Estonian", "Uralic", "Latn", 6.1, ("ekk",)),
    Language("eu", "eus", "Basque", "Basque (isolate)", "Latn", 2.0, ("baq",)),
    Language("fa", "fas", "Persian", "Indo-European", "Arab", 111.6, ("per", "pes")),
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
    Language("it", "ita", "Italian", "Indo-European", "Latn", 30.2),
    Language("ja", "jpn", "Japanese", "Japonic", "Jpan", 69.3),
    Language("jv", "jav", "Javanese", "Austronesian", "Latn", 0.2, ("jw",)),
    Language("ka", "kat", "Georgian", "Kartvelian", "Geor", 9.1, ("geo",)),
    Language("kk", "kaz", "Kazakh", "Turkic", "Cyrl", 6.4),
    Language("ko", "kor", "Korean", "Koreanic", "Kore", 54.2),
    Language("lt", "lit", "Lithuanian", "Indo-European", "Latn", 13.7),
    Language("lv", "lav", "Latvian", "Indo-European", "Latn", 8.8, ("lvs",)),
    Language("ml", "mal", "Malayalam", "Dravidian", "Mlym", 7.6),
    Language("mr", "mar", "Marathi", "Indo-European", "Deva", 2.8),
    Language("ms", "msa", "Malay", "Austronesian", "Latn", 8.5, ("may", "zsm")),
    Language("my", "mya", "Burmese", "Sino-Tibetan", "Mymr", 0.4, ("bur",)),
    Language("nl", "nld", "Dutch", "Indo-European", "Latn", 29.3, ("dut",)),
    Language("pa", "pan", "Punjabi", "Indo-European", "Guru", 0.8),
    Language("pl", "pol", "Polish", "Indo-European", "Latn", 44.6),
    Language("pt", "por", "Portuguese", "Indo-European", "Latn", 49.1),
    Language("qu", "que", "Quechua", "Quechuan", "Latn", None),
    Language("ro", "ron", "Romanian", "Indo-European", "Latn", 61.4, ("rum",)),
    Language("ru", "rus", "Russian", "Indo-European", "Cyrl", 278.0),
    Language("sk", "slk", "Slovak", "Indo-European", "Latn", 23.2, ("slo",)),
    Language("su", "sun", "Sundanese", "Austronesian", "Latn", 0.1),
    Language("sv", "swe", "Swedish", "Indo-European", "Latn", 12.1),
    Language("sw", "swa", "Swahili", "Atlantic-Congo", "Latn", 1.6, ("swh",)),
    Language("ta", "tam", "Tamil", "Dravidian", "Taml", 12.2),
    Language("te", "tel", "Telugu", "Dravidian", "Telu", 4.7),
    Language("th", "tha", "Thai", "Tai-Kadai", "Thai", 71.7),
    Language("tl", "tgl", "Tagalog", "Austronesian", "Latn", 3.1, ("fil",)),
    Language("tr", "tur", "Turkish", "Turkic", "Latn", 20.9),
    Language("tt", "tat", "Tatar", "Turkic", "Cyrl", None),
    Language("uk", "ukr", "Ukrainian", "Indo-European", "Cyrl", 84.6),
    Language("ur", "urd", "Urdu", "Indo-European", "Arab", 5.7),
    Language("uz", "uzb", "Uzbek", "Turkic", "Latn", 0.7, ("uzn",)),
    Language("vi", "vie", "Vietnamese", "Austroasiatic", "Latn", 137.3),
    Language("wo", "wol", "Wolof", "Atlantic-Congo", "Latn", None),
    Language("yo", "yor", "Yoruba", "Atlantic-Congo", "Latn", None),
    Language("zh", "zho", "Chinese", "Sino-Tibetan", "Hans", 46.9, ("chi", "cmn")),
    Language("ace", "ace", "Acehnese", "Austronesian", "Latn", None),
    Language("ban", "ban", "Balinese", "Austronesian", "Latn", None),
    Language("bbc", "bbc", "Toba Batak", "Austronesian", "Latn", None),
    Language("bjn", "bjn", "Banjarese", "Austronesian", "Latn", None),
    Language("bug", "bug", "Buginese", "Austronesian", "Latn", None),
    Language("bzd", "bzd", "Bribri", "Chibchan", "Latn", None),
    Language("cni", "cni", "Ashaninka", "Arawakan", "Latn", None),
    Language("hch", "hch", "Wixarika", "Uto-Aztecan", "Latn", None),
    Language("mad", "mad", "Madurese", "Austronesian", "Latn", None),
    Language("min", "min", "Minangkabau", "Austronesian", "Latn", None),
    Language("nah", "nah", "Nahuatl", "Uto-Aztecan", "Latn", None),
    Language("nij", "nij", "Ngaju", "Austronesian", "Latn", None),
    Language("oto", "oto", "Otomi", "Otomanguean", "Latn", None),
    Language("quy", "quy", "Ayacucho Quechua", "Quechuan", "Latn", None),
    Language("shp", "shp", "Shipibo-Konibo", "Panoan", "Latn", None),
    Language("tar", "tar", "Raramuri", "Uto-Aztecan", "Latn", None),
)
# fmt: on

LANGUAGES: dict[str, Language] = {row.code: row for row in _ROWS}
_CODE_OF = {known: row.code for row in _ROWS for known in (row.code, row.iso3, *row.aliases)}


def canonical_language(code: str) -> str:
    """Give the one code we use for a language.

    Args:
        code: ISO 639 of one, two or three parts: `zh`, `cmn`, `zh-Hans`, `pt_BR`.

    Raises:
        UnknownNameError: not in the table; names the nearest.
    """
    main = code.replace("_", "-").split("-")[0].lower()
    if main not in _CODE_OF:
        raise UnknownNameError("language", code, _CODE_OF)
    return _CODE_OF[main]

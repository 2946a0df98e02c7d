"""What the console's page of tokens says, in the languages that we speak."""

from collections.abc import Mapping

TOKEN_TEXTS: Mapping[str, tuple[str, str]] = {
    # key: (Indonesian, English)
    "tokens": ("Token", "Tokens"),
    "tokens_intro": (
        "Token menyatakan siapa yang meminta dan apa yang boleh dilakukannya.",
        "A token says who asks, and what they may do.",
    ),
    "token_made": ("Nilai token {id}", "Value of the token {id}"),
    "allows": ("Izin", "Allows"),
    "opens_feeds": ("feed {names}", "feeds {names}"),
    "of_whom": ("Pemilik", "Owner"),
    "ends": ("Berakhir", "Expires"),
    "no_end": ("tidak pernah", "never"),
    "change": ("Ubah", "Change"),
    "token_overlap": ("Jam selama nilai lama masih berlaku", "Hours for which the value before stays valid"),
    "new_value": ("Nilai baru", "New value"),
    "revoke": ("Cabut", "Revoke"),
    "no_tokens": ("Belum ada token.", "There is no token."),
    "make_token": ("Buat token", "Make a token"),
    "token_id": ("Nama", "Id"),
    "token_id_hint": ("Huruf kecil, angka, dan tanda hubung.", "Small letters, digits and hyphens."),
    "private_feeds": ("Feed privat", "Private feeds"),
    "owner_hint": (
        "Token satu pemilik berbagi penerima. Kosong: namanya sendiri.",
        "Tokens of one owner share endpoints. Empty: its own id.",
    ),
    "ends_in_days": ("Berlaku (hari)", "Valid for (days)"),
    "days_hint": ("Kosong: tanpa akhir.", "Empty: without an end."),
    "description": ("Catatan", "Note"),
    "scope.read": ("membaca semuanya", "reads everything"),
    "scope.partner": (
        "penerima dan laporan pembaca miliknya sendiri",
        "its own endpoints and reports of readers",
    ),
    "scope.admin": ("segalanya, untuk semua", "everything, for everyone"),
    "portal_link": ("Tautan portal", "Portal link"),
    "portal_link_made": ("Tautan portal untuk {id}", "Portal link for {id}"),
    "portal_link_why": (
        "Kirimkan kepada partner: berlaku sekali, selama sehari.",
        "Send it to the partner: it works once, within a day.",
    ),
    "token_fault.id": (
        "Hanya huruf kecil, angka, dan tanda hubung; 64 paling banyak.",
        "Small letters, digits and hyphens only; 64 at most.",
    ),
    "token_fault.days": ("Isi jumlah hari, paling banyak 3650.", "Write a number of days, 3650 at most."),
    "token_fault.feeds": ("Tidak ada feed dengan nama itu.", "No feed has this name."),
    "note.token_revoked": ("Token dicabut.", "The token is revoked."),
}

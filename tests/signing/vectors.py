"""Published Ed25519 vectors. RFC 8032, section 7.1; C2SP Wycheproof, testvectors_v1/ed25519_test.json (Apache-2.0)."""

RFC_8032 = (
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
        "655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee"
        "b00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28d"
        "c027beceea1ec40a",
    ),
)
"""Key, message, signature."""

WYCHEPROOF_KEY = "7d4d0e7f6153a69b6242b522abbee685fda4420f8834b108c3bdae369ef549fa"
WYCHEPROOF_VALID = (
    (
        "",
        "d4fbdb52bfa726b44d1786a8c0d171c3e62ca83c9e5bbe63de0bb2483f8fd6cc1429ab72cafc41ab56af02ff8fcc43b99bfe4c7ae940f60f"
        "38ebaa9d311c4007",
    ),
    (
        "78",
        "d80737358ede548acb173ef7e0399f83392fe8125b2ce877de7975d8b726ef5b1e76632280ee38afad12125ea44b961bf92f1178c9fa819d"
        "020869975bcbe109",
    ),
    (
        "54657374",
        "7c38e026f29e14aabd059a0f2db8b0cd783040609a8be684db12f82a27774ab07a9155711ecfaf7f99f277bad0c6ae7e39d4eef676573336"
        "a5c51eb6f946b30d",
    ),
    (
        "ffffffffffffffffffffffffffffffff",
        "5dbd7360e55aa38e855d6ad48c34bd35b7871628508906861a7c4776765ed7d1e13d910faabd689ec8618b78295c8ab8f0e19c8b4b43eb86"
        "85778499e943ae04",
    ),
)
"""Message, signature: cases 1, 2, 3, 9."""

_ZERO = "00" * 32
_ONE = "01" + "00" * 31
_ORDER = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"
_ORDER_LESS_ONE = "ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"
_PRIME = "ed" + "ff" * 30 + "7f"
WYCHEPROOF_INVALID = tuple(
    r + s for r in (_ZERO, _ONE, _ORDER, _PRIME) for s in (_ZERO, _ONE, _ORDER_LESS_ONE, _ORDER, _PRIME)
)
"""Special values of r and s, of the message 3f: cases 10 to 29."""

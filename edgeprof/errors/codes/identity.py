"""Codes of joining a hub: join secrets, devices' certificates and tokens, and the hub's certificate authority."""

from edgeprof.errors.codes.entry import EITHER, FAILED, MISSING_PART, WRONG_USE, ErrorCode

IDENTITY = (
    ErrorCode(
        "bad_certificate_request",
        "The certificate request cannot be signed.",
        "Join again; send a request for a P-256, Ed25519 or RSA key of 2,048 bits and more.",
        WRONG_USE,
    ),
    ErrorCode(
        "bad_join_token",
        "The text is not a join token.",
        "Copy the whole line that `edgeprof hub join-secret` prints.",
        WRONG_USE,
    ),
    ErrorCode("bad_ttl", "The life of a join secret is out of range.", "Use 1 s to 24 h.", WRONG_USE),
    ErrorCode(
        "ca_step",
        "The steps of a new CA are prepare, switch, drop, and this one is not the next.",
        "Take the step that the message names.",
        WRONG_USE,
    ),
    ErrorCode(
        "certificate_expired",
        "The device's certificate has expired, or the device's clock is wrong.",
        "Set the clock. Else join again with `edgeprof hub join-secret --device DEVICE`. Results wait meanwhile.",
    ),
    ErrorCode(
        "certificate_needed",
        "The hub renews a certificate only for the device that shows it.",
        "Connect with the device's certificate, or join again.",
        FAILED,
        (403,),
    ),
    ErrorCode(
        "device_enrolled",
        "The device has joined before, and this join secret is for new devices.",
        "Make one for it: `edgeprof hub join-secret --device DEVICE`.",
        FAILED,
        (409,),
    ),
    ErrorCode(
        "device_not_allowed",
        "The device's credential does not cover the request.",
        "Use the hub's token for what an operator does.",
        FAILED,
        (403,),
    ),
    ErrorCode(
        "device_revoked",
        "The hub's operator has shut the device out.",
        "Make a join secret for it, and join again: `edgeprof hub join-secret --device DEVICE`.",
        FAILED,
        (403,),
    ),
    ErrorCode(
        "device_unknown",
        "The certificate is the hub's own, and the hub's list does not hold it.",
        "Restore the folder `identity` of the hub's data, or join the device again.",
        FAILED,
        (403,),
    ),
    ErrorCode(
        "identity_damaged",
        "The files of the hub's certificate authority cannot be read.",
        "Restore the folder `identity` of the hub's data from a copy.",
    ),
    ErrorCode(
        "identity_unusable",
        "The device's key, certificate or CA cannot be read.",
        "Restore the folder `identity` of the agent's state, or join again.",
    ),
    ErrorCode(
        "join_secret_expired",
        "The join secret has expired.",
        "Make a new one: `edgeprof hub join-secret`.",
        FAILED,
        (403,),
    ),
    ErrorCode(
        "join_secret_used",
        "Another device has used the join secret, or it is for another one.",
        "Make one for each device: `edgeprof hub join-secret`.",
        FAILED,
        (403,),
    ),
    ErrorCode(
        "join_secret_wrong",
        "The hub never made this join secret.",
        "Copy the whole token, and name the hub that made it.",
        FAILED,
        (403,),
    ),
    ErrorCode(
        "key_failed",
        "The device's key or its certificate request could not be made.",
        "Read the reason in the message; check the state folder's rights and its free space.",
    ),
    ErrorCode(
        "no_ca",
        "The data folder holds no certificate authority.",
        "Name the folder of a hub that has run with `--tls`: `--data`.",
        WRONG_USE,
    ),
    ErrorCode(
        "no_key_tool",
        "Nothing on the device can make a key.",
        "Install openssl, or join with `--no-key`.",
        MISSING_PART,
    ),
    ErrorCode(
        "no_tls",
        "The hub serves no TLS, so no device can join it.",
        "Start it with `--tls`.",
        FAILED,
        (409,),
    ),
    ErrorCode(
        "tls_needed",
        "A device joins over TLS only: its secret must not be read on the way.",
        "Use the hub's https address.",
        EITHER,
        (403,),
    ),
    ErrorCode(
        "tls_needs_mosquitto",
        "Only the hub's own mosquitto knows devices by their certificates.",
        "Leave out `--broker`, or `--tls`.",
        WRONG_USE,
    ),
    ErrorCode(
        "wrong_ca",
        "The hub at this address is not the one that made the join token. The secret was not sent.",
        "Check the address, and that nobody is in between.",
    ),
)

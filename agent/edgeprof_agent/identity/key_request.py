"""A device's private key and the request for its certificate. A process of its own, which lives for a second.

`python -m edgeprof_agent.identity.key_request KEY_FILE DEVICE_ID` prints the request. The `cryptography` package makes
both where it is installed, else the program `openssl`: neither is ever part of the agent's own process.
"""

import os
import subprocess
import sys
from pathlib import Path

NO_TOOL = 3
"""The exit code where neither is there."""


def main() -> int:
    """The key stays in its file, for the owner alone; one that is there already is used."""
    os.umask(0o077)
    key_file, device_id = Path(sys.argv[1]), sys.argv[2]
    try:
        request = _with_cryptography(key_file, device_id)
    except ModuleNotFoundError:
        try:
            request = _with_openssl(key_file, device_id)
        except FileNotFoundError:
            return NO_TOOL
    sys.stdout.write(request)
    return 0


def _with_cryptography(key_file: Path, device_id: str) -> str:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    if key_file.exists():
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey), f"{key_file} holds another kind of key"
    else:
        key = ec.generate_private_key(ec.SECP256R1())
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, device_id)])
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode()


def _with_openssl(key_file: Path, device_id: str) -> str:
    if not key_file.exists():
        curve = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
        _openssl("genpkey", *curve, "-out", str(key_file))
    return _openssl("req", "-new", "-key", str(key_file), "-subj", f"/CN={device_id}")


def _openssl(*arguments: str) -> str:
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())

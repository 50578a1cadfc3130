# SPDX-License-Identifier: GPL-2.0-or-later
"""A second reader of key files, written from mktme-dax-keyfile(5) alone.

keyfile_reader.py FILE KEYFILE: opens FILE by protector KEYFILE, checks all that is to be
checked, and prints the material in hexadecimal digits.
"""
import hashlib
import hmac
import json
import struct
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def hkdf(secret, salt, info, size):
    return HKDF(algorithm=SHA512(), length=size, salt=salt, info=info).derive(secret)


def values(pairs):
    out = b""
    for value in pairs:
        if isinstance(value, str):
            value = value.encode()
        elif isinstance(value, int):
            value = struct.pack(">I", value)
        out += struct.pack(">I", len(value)) + value
    return out


def raw(part, *names):
    return [bytes.fromhex(part[name]) for name in names]


def unseal(key, sealed, aad):
    nonce, ciphertext, tag = raw(sealed, "nonce", "ciphertext", "tag")
    return AESGCM(key).decrypt(nonce, ciphertext + tag, aad)


def public_values(protector):
    own = {"passphrase": ["memory", "passes", "lanes"], "key-file": [],
           "encrypted-key": ["description", "blob"]}[protector["type"]]
    return values([protector["number"], protector["type"]] +
                  [protector[name] for name in own] + raw(protector, "salt", "check"))


def read(path, secret):
    with open(path, encoding="utf-8") as file:
        key = json.load(file)
    sealed = ("nonce", "ciphertext", "tag")
    header = values([key["type"], key["version"], key["name"], key["algorithm"]] +
                    raw(key, "identifier"))
    everything = header + values(raw(key["material"], *sealed))
    for protector in key["protectors"]:
        everything += public_values(protector) + values(raw(protector, *sealed))
    checksum = hashlib.sha256(everything + values(raw(key, "mac"))).hexdigest()
    assert checksum == key["checksum"], "checksum"

    protector = next(p for p in key["protectors"] if p["type"] == "key-file")
    salt = bytes.fromhex(protector["salt"])
    derived = hkdf(hkdf(secret, salt, b"mktme-dax-keyfile key-file", 32), salt,
                   b"mktme-dax-keyfile protector", 64)
    assert derived[32:].hex() == protector["check"], "check"
    wrapping = unseal(derived[:32], protector, header + public_values(protector))

    mac_key = hkdf(wrapping, None, b"mktme-dax-keyfile mac", 32)
    assert hmac.new(mac_key, everything, "sha256").hexdigest() == key["mac"], "mac"
    return unseal(hkdf(wrapping, None, b"mktme-dax-keyfile material", 32), key["material"], header)


with open(sys.argv[2], "rb") as key_file:
    print(read(sys.argv[1], key_file.read()).hex())

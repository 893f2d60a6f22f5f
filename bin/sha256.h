/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SHA-256 (FIPS 180-4). The project's own, because a checksum of a few
 * members is no reason for the commands to need a cryptography library on
 * every machine that is to be updated.
 */
#ifndef KSPLICE_SHA256_H
#define KSPLICE_SHA256_H

#include <stddef.h>

#define SHA256_HEX 65 /* 64 lower-case digits and the NUL */

void sha256_hex(const void *data, size_t size, char hex[SHA256_HEX]);

#endif

/*
 * proof.c - which filter was installed, and which certificate proves it.
 *
 * Before: the plan was checked. After: the receipt names both; the filter's digest was taken of the very
 * bytes that the workload's process, a copy of ours, handed to the kernel.
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "supervisor.h"

enum { DIGEST_SIZE = sizeof "sha256:" + 2 * crypto_hash_sha256_BYTES };

static void digest_filter(const struct plan *plan, char digest[DIGEST_SIZE])
{
	static const char prefix[] = "sha256:";
	unsigned char hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, plan->filter, plan->filter_size);
	memcpy(digest, prefix, sizeof prefix);
	sodium_bin2hex(digest + strlen(prefix), DIGEST_SIZE - strlen(prefix), hash, sizeof hash);
}

void look_at_proof(const struct plan *plan, struct checks *checks)
{
	char digest[DIGEST_SIZE], requested[CHECK_TEXT_SIZE], effective[CHECK_TEXT_SIZE];

	digest_filter(plan, digest);
	snprintf(requested, sizeof requested, "certificate %s", plan->proof.certificate);
	snprintf(effective, sizeof effective, "filter %s", digest);
	add_check(checks, "proof", requested, effective, "SHA-256 of the program that was installed",
		  strcmp(digest, plan->proof.filter) == 0);
}
